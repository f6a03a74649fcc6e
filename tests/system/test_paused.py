"""SIGSTOP of a worker between its connection and its first byte: what others sent meanwhile is not sent again."""

import os
import signal
from pathlib import Path

import sqlalchemy as sa

from bot.store.tables import outbound
from fakes.launch import Fake
from tests.system.servers import Deployment, Program, number, run, wait_for

PAUSABLE = str(Path(__file__).with_name("pausable.py"))


def stands(program: Program) -> bool:
    status = Path(f"/proc/{program.process.pid}/stat").read_text(encoding="utf-8")
    return status.rpartition(")")[2].split()[0] == "T"


def now_is_the_time_to_ask(deployment: Deployment, row: int) -> None:
    this = sa.update(outbound).where(outbound.c.id == row).values(due_at=outbound.c.created_at)
    deployment.database.write(lambda connection: connection.execute(this))


def test_a_worker_that_was_stopped_sends_nothing_that_others_have_sent(deployment: Deployment, twilio: Fake) -> None:
    phone = f"+1202558{number():04}"
    row = deployment.queue("sms", phone, "once")
    sleeper = Program(deployment, PAUSABLE, "job", "deliver")
    wait_for(lambda: stands(sleeper))
    assert deployment.states("sms", phone) == ["sending"]
    deployment.leases_end()
    run(deployment, "job", "deliver")
    assert deployment.states("sms", phone) == ["unknown"]
    now_is_the_time_to_ask(deployment, row)
    run(deployment, "job", "reconcile")
    run(deployment, "job", "deliver")
    assert len(twilio.sends(to=phone)) == 1
    os.kill(sleeper.process.pid, signal.SIGCONT)
    wait_for(lambda: sleeper.dead)
    assert len(twilio.sends(to=phone)) == 1
    (sent,) = deployment.outbound("sms", phone)
    assert (sent.state, sent.attempts) in (("sent", 2), ("delivered", 2))
