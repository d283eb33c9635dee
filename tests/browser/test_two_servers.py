"""Two servers behind one address: whichever answers, a page is the same and stays live."""

import asyncio
import re
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser_fixtures import Watch, recording, serving, sign_in

pytestmark = pytest.mark.browser


@dataclass
class Door:
    """One address; each connection goes to the next of the servers. `got` counts them."""

    servers: list[str]
    address: str = ""
    got: Counter[str] = field(default_factory=Counter)

    async def let_in(self, reader, writer):
        server = self.servers[self.got.total() % len(self.servers)]
        self.got[server] += 1
        parts = urlsplit(server)
        behind, to_behind = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            await asyncio.gather(_pump(reader, to_behind), _pump(behind, writer))
        finally:
            for end in (writer, to_behind):
                end.transport.abort()


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@contextmanager
def in_turn(servers):
    door, opened, ended = Door(servers), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def keep_open():
        listener = await asyncio.start_server(door.let_in, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        door.address = f"http://127.0.0.1:{port}"
        opened.set()
        await ended.wait()
        listener.close()
        open_ways = asyncio.all_tasks() - {asyncio.current_task()}
        for way in open_ways:
            way.cancel()
        await asyncio.gather(*open_ways, return_exceptions=True)
        await asyncio.sleep(0)  # the turn of the loop in which what was aborted is closed

    thread = threading.Thread(target=loop.run_until_complete, args=(keep_open(),))
    thread.start()
    assert opened.wait(10)
    try:
        yield door
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def test_a_page_is_live_whichever_server_answers(browser, site):
    with (
        serving(site.environment) as other,
        in_turn([site.address, other]) as door,
        browser.new_context(base_url=door.address) as context,
    ):
        page, watch = context.new_page(), Watch(door.address)
        watch.over(page)
        sign_in(page, "thea")
        page.goto("/upload")
        page.get_by_label("C3D recordings").set_input_files(
            {"name": "two.c3d", "mimeType": "", "buffer": recording(seed=51, seconds=20)}
        )
        page.get_by_role("link", name="Open the session").click()
        page.wait_for_url("**/sessions/*")  # loaded, so that the script hears the key
        page.locator("#viewer").press("+")
        expect(page.locator("#resolution")).to_have_text(re.compile(r"^5\.0 to 15\.0 s"))
        assert min(door.got[s] for s in (site.address, other)) > 0
        assert watch.unexpected() == []
