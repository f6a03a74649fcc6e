"""HR moves a published training on the command line: it reaches each phone once, through real processes and sockets."""

import json
from datetime import timedelta

import sqlalchemy as sa

from bot.platform import clock
from bot.store.tables import candidates, touches
from fakes.launch import Fake
from tests.system.servers import Deployment, Server, number, run


def at_noon() -> str:
    """A time zone in which it is about noon: nobody is woken by this test."""
    return f"Etc/GMT{clock.now().hour - 12:+d}"


def take_back_time_is_over(deployment: Deployment) -> None:
    planned = touches.c.state == "planned"
    due = sa.update(touches).where(planned).values(due_at=clock.now() - timedelta(minutes=1))
    deployment.database.write(lambda c: c.execute(due))


def test_a_moved_training_reaches_the_chat_once_else_the_phone(
    server: Server, deployment: Deployment, wechat: Fake, twilio: Fake
) -> None:
    twilio.callback(f"{server.url}/sms")
    openid, start = f"o-{number():06}", (clock.now() + timedelta(days=20)).strftime("%Y-%m-%d 09:00")
    wechat.post("/_fake/person", openid=openid, following=True, window="message")
    deployment.bind("wechat", openid, "PUB")
    here = sa.update(candidates).values(timezone=at_noon())
    deployment.database.write(lambda c: c.execute(here))
    out = run(deployment, "cohorts", "move", "PUB", "--start", start, "--yes")
    assert "will be told" in out
    run(deployment, "job", "touches")
    assert wechat.sends(to=openid) == [], "it can still be taken back"
    take_back_time_is_over(deployment)
    for _ in range(2):
        run(deployment, "job", "touches")
        run(deployment, "job", "deliver")
    (message,) = wechat.sends(to=openid)
    sent = json.dumps(message, ensure_ascii=False)
    assert f"{int(start[5:7])}月{int(start[8:10])}日" in sent
    assert "王芳" in sent
    told = deployment.rows(sa.select(touches.c.state).where(touches.c.entry == "training_moved"))
    assert {row.state for row in told} <= {"sent", "suppressed"}
    by_sms = deployment.outbound("sms", "+85291234567")
    assert [row.kind for row in by_sms] == ["notice"]
