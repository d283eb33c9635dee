import asyncio

from myograph.web.live import Live


def test_a_change_between_looking_and_waiting_is_not_missed():
    async def scenario():
        live = Live()
        seen = live.version
        live._wake()
        return await live.changed_after(seen, timeout_s=0)

    assert asyncio.run(scenario())


def test_without_a_change_the_time_passes():
    async def scenario():
        live = Live()
        return await live.changed_after(live.version, timeout_s=0)

    assert not asyncio.run(scenario())


def test_everybody_who_waits_is_woken():
    async def scenario():
        live = Live()
        waiting = [asyncio.create_task(live.changed_after(live.version, 20)) for _ in range(3)]
        await asyncio.sleep(0)
        live._wake()
        return await asyncio.gather(*waiting)

    assert asyncio.run(scenario()) == [True, True, True]


def test_what_has_ended_lets_nobody_wait():
    async def scenario():
        live = Live()
        live.end()
        return await live.changed_after(live.version, timeout_s=20)

    assert asyncio.run(scenario())


def test_an_end_after_the_loop_is_gone_is_quiet():
    live = Live()

    async def scenario():
        async with live.listening("postgresql://127.0.0.1:1/none"):
            pass

    asyncio.run(scenario())
    assert live.ended
    live.end()
