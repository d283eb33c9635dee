"""The proxy itself: what is told about it here, the other tests rely on."""

import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest

from tests.faults.proxy import (
    PASS,
    PATIENCE_S,
    fault_proxy,
    half_open,
    http_answer,
    reset,
    slow,
    stall,
    truncate,
)


@contextmanager
def echo():
    """A server that says back what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


def serve(listener):
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=say_back, args=[line], daemon=True).start()


def say_back(line):
    with line:
        try:
            while heard := line.recv(1024):
                line.sendall(heard)
        except OSError:
            return


@pytest.fixture
def proxy():
    with echo() as server, fault_proxy(server) as proxy:
        yield proxy


def call(proxy):
    return closing(socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE_S))


def heard(line, size):
    said = b""
    while len(said) < size and (piece := line.recv(size - len(said))):
        said += piece
    return said


def test_without_a_fault_everything_passes(proxy):
    with call(proxy) as line:
        for said in (b"one", b"two" * 50_000):
            threading.Thread(target=line.sendall, args=[said]).start()
            assert heard(line, len(said)) == said


def test_a_truncated_line_ends_as_if_that_were_all(proxy):
    proxy.from_now_on(truncate(4))
    with call(proxy) as line:
        line.sendall(b"12345678")
        assert heard(line, 8) == b"1234"


def test_a_reset_line_ends_with_an_error(proxy):
    proxy.from_now_on(reset(4))
    with call(proxy) as line:
        line.sendall(b"12345678")
        with pytest.raises(ConnectionResetError):
            heard(line, 8)


def test_a_stalled_line_stays_open_and_says_nothing_more(proxy):
    proxy.from_now_on(stall(4))
    with call(proxy) as line:
        line.sendall(b"12345678")
        assert heard(line, 4) == b"1234"
        line.settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.recv(1)


def test_faults_come_in_their_order_and_the_last_stays(proxy):
    proxy.from_now_on(truncate(1), PASS)
    for expected in (b"1", b"12", b"12"):
        with call(proxy) as line:
            line.sendall(b"12")
            assert heard(line, 2) == expected


def test_a_cut_ends_what_is_open(proxy):
    with call(proxy) as line, call(proxy) as other:
        for one in (line, other):
            one.sendall(b"1")
            assert heard(one, 1) == b"1"
        assert proxy.cut() == 2
        for one in (line, other):
            with pytest.raises(ConnectionResetError):
                one.recv(1)


def test_of_a_half_open_line_the_server_never_hears_that_it_was_cut():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        fault_proxy(server.getsockname()) as proxy,
    ):
        proxy.from_now_on(half_open())
        with call(proxy) as line, server.accept()[0] as there:
            line.sendall(b"1")
            assert heard(there, 1) == b"1"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                line.recv(1)
            there.settimeout(0.1)
            with pytest.raises(TimeoutError):
                there.recv(1)


def test_a_closed_door_refuses_until_it_is_opened(proxy):
    proxy.close_door()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy.host, proxy.port))
    proxy.open_door()
    with call(proxy) as line:
        line.sendall(b"1")
        assert heard(line, 1) == b"1"


def test_an_answer_is_given_in_the_servers_place(proxy):
    proxy.from_now_on(http_answer("503 Slow Down", b"wait", Retry_After="7"))
    with call(proxy) as line:
        line.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
        said = heard(line, 1000)
    assert said.startswith(b"HTTP/1.1 503 Slow Down\r\n")
    assert b"Retry-After: 7\r\n" in said
    assert said.endswith(b"\r\n\r\nwait")


def test_a_slow_line_takes_its_round_trip(proxy):
    proxy.from_now_on(slow(0.2))
    with call(proxy) as line:
        began = time.monotonic()
        line.sendall(b"1")
        assert heard(line, 1) == b"1"
        assert time.monotonic() - began >= 0.2


def test_what_a_slow_line_still_carries_arrives_though_the_server_has_closed():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        fault_proxy(server.getsockname()) as proxy,
    ):
        proxy.from_now_on(slow(0.2))
        with call(proxy) as line:
            with server.accept()[0] as there:
                there.sendall(b"the last words")
            assert heard(line, 100) == b"the last words"


def test_a_server_hears_all_of_it_though_who_sent_it_slowly_has_hung_up():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        fault_proxy(server.getsockname()) as proxy,
    ):
        proxy.from_now_on(slow(0.2))
        with call(proxy) as line, server.accept()[0] as there:
            line.sendall(b"the last words")
            line.shutdown(socket.SHUT_WR)
            assert heard(there, 100) == b"the last words"


def test_a_server_that_is_gone_ends_the_line():
    with echo() as server:
        pass
    with fault_proxy(server) as proxy, pytest.raises(ConnectionResetError), call(proxy) as line:
        line.recv(1)


def test_who_is_cut_while_coming_in_is_let_go(proxy):
    """Nobody would close that line: the warning of it would be some other test's error."""
    proxy._loop.call_soon_threadsafe(time.sleep, 0.1)  # so that both wait to be done at once
    with call(proxy) as line:
        proxy.cut()
        assert heard_of_the_end(line)


def heard_of_the_end(line):
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_round_trips_are_counted(proxy):
    with call(proxy) as one, call(proxy) as other:
        for line in (one, one, other):
            line.sendall(b"hello")
            assert heard(line, 5) == b"hello"
        assert proxy.round_trips == 3
