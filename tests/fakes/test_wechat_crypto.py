"""The published check vectors hold, and an independent library agrees."""

import pytest
from wechatpy.crypto import WeChatCrypto

from fakes.wechat import crypto

# https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
TOKEN, KEY, APP = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf"
    "8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
CLEAR = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


def test_the_published_url_signature_is_reproduced() -> None:
    assert crypto.sign(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"


def test_the_published_push_is_signed_and_read() -> None:
    assert crypto.sign(TOKEN, "1714112445", "415670741", ENCRYPTED) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert crypto.decrypt(ENCRYPTED, KEY, APP) == CLEAR


def test_the_published_reply_is_reproduced() -> None:
    encrypted = crypto.encrypt('{"demo_resp":"good luck"}', KEY, APP, b"707722b803182950")
    assert encrypted == REPLY
    assert crypto.sign(TOKEN, "1713424427", "415670741", REPLY) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27, 28, 2048])
def test_another_library_reads_what_we_encrypt(length: int) -> None:
    message = f"<xml><Content>{'好' * length}</Content></xml>"
    encrypted = crypto.encrypt(message, KEY, APP)
    envelope = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    signature = crypto.sign(TOKEN, "1", "2", encrypted)
    assert WeChatCrypto(TOKEN, KEY, APP).decrypt_message(envelope, signature, "1", "2") == message


def test_another_apps_message_is_garbled() -> None:
    with pytest.raises(crypto.Garbled):
        crypto.decrypt(crypto.encrypt("x", KEY, "wx_other"), KEY, APP)
