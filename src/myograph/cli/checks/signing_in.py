"""Sign-in: who says who somebody is, and whether there is anybody who lets others in."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from myograph.cli import system
from myograph.cli.checks.connecting import looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.cli.checks.logins import WEB
from myograph.cli.checks.words import count, place
from myograph.cli.serving import LOOPBACK
from myograph.db import accounts
from myograph.errors import BadInput, SignInUnavailable
from myograph.web.provider.answers import Answer, asked
from myograph.web.provider.keys import keys_in
from myograph.web.provider.subjects import Provider, provider_of

WAY: Final = "way"


def _way(of: Installation) -> Iterator[Finding]:
    """What `serve` asks for."""
    settings = of.settings
    if not system.says_who_asks(settings) and settings.database_url is not None:
        yield problem(
            WAY,
            "it is not said how people are recognised, so the service does not start",
            "Set MYOGRAPH_SIGN_IN=local for passwords of this installation, or MYOGRAPH_JWKS_URL"
            " or MYOGRAPH_SUPABASE_URL of an identity provider.",
        )
        return
    try:
        provider = provider_of(settings)
    except BadInput as wrong:
        yield problem(WAY, wrong.sentence.rstrip("."), "Set or correct what that sentence names.")
        return
    ways = "passwords of this installation"
    yield ok(WAY, ways if provider is None else ways + _beside(provider))
    if provider is not None:
        yield from _provider(of, provider)


def _beside(provider: Provider) -> str:
    ways = {
        "tokens by the provider's key set": provider.keys is not None,
        "tokens by a shared secret": provider.secret is not None,
        "passwords checked by Supabase": provider.site is not None,
    }
    return "".join(f", {way}" for way, so in ways.items() if so)


def _provider(of: Installation, provider: Provider) -> Iterator[Finding]:
    with provider.client:
        if provider.keys is not None:
            yield _keys(of, provider, provider.keys.url)
        if provider.site is not None:
            yield _site(of, provider, provider.site)
    yield _issuer(provider)


def _keys(of: Installation, provider: Provider, url: str) -> Finding:
    name = "key set"
    variable = set_by(of, "jwks_url" if of.settings.jwks_url else "supabase_url")
    answer = _answer(provider, url)
    if isinstance(answer, str):
        return problem(
            name, f"{answer} at {place(url)}", f"Correct {variable}, or open the way to it."
        )
    if answer.status != HTTPStatus.OK:
        return problem(name, f"{place(url)} answers {answer.status}", f"Correct {variable}.")
    try:
        keys = keys_in(answer.content)
    except SignInUnavailable:
        return problem(
            name,
            f"what {place(url)} answers is no key set",
            f"Let {variable} end in /.well-known/jwks.json of the provider.",
        )
    if not keys:
        return problem(
            name,
            "it holds no key that signs as we know it (ES256, or RS256 of 2048 bits)",
            "Let the provider sign with ES256 or RS256, or set MYOGRAPH_JWT_SECRET where it only"
            " has the older secret.",
        )
    kinds = sorted({key.algorithm_name for key in keys.values()})
    return ok(name, f"{count(len(keys), 'key')} ({', '.join(kinds)})")


def _site(of: Installation, provider: Provider, site: str) -> Finding:
    """The publishable key: with a wrong one every password would seem to be wrong."""
    name = "Supabase"
    answer = _answer(provider, f"{site}/auth/v1/settings", apikey=provider.publishable_key)
    if isinstance(answer, str):
        return problem(name, answer, f"Correct {set_by(of, 'supabase_url')}.")
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return problem(
            name,
            f"it refuses the publishable key ({answer.status})",
            f"Copy the publishable key of the project into {set_by(of, 'supabase_key')}.",
        )
    if answer.status != HTTPStatus.OK:
        return problem(
            name,
            f"it answers {answer.status} where it checks passwords",
            f"Correct {set_by(of, 'supabase_url')}: https://<ref>.supabase.co",
        )
    return ok(name, "it takes the publishable key")


def _answer(provider: Provider, url: str, **headers: str) -> Answer | str:
    try:
        return asked(provider.client, url, headers=headers)
    except SignInUnavailable:
        return "nobody answers"


def _issuer(provider: Provider) -> Finding:
    audience = f"for {provider.audience!r}"
    if provider.issuer is None:
        return warning(
            "tokens",
            f"{audience}, by whatever issuer has that key",
            "Set MYOGRAPH_JWT_ISSUER to what `iss` says in the provider's tokens.",
        )
    return ok("tokens", f"{audience}, by {place(provider.issuer)}")


def _administrator(of: Installation) -> Iterator[Finding]:
    name = "administrator"
    if of.web_url is None:  # only a worker runs here
        return
    with looked_into(of.web_url) as conn:
        exists = accounts.admin_exists(conn)
    host = of.settings.host
    if exists:
        yield ok(name, "there is one")
    elif host in LOOPBACK:
        yield warning(
            name,
            f"there is none yet, so the service answers on {host} alone",
            "Open the link that `serve` prints, or run `myograph person add --role admin`.",
        )
    else:
        yield problem(
            name,
            f"there is none, so the service does not listen on {host}",
            "Run `myograph person add --role admin`.",
        )


CHECKS: Final = (
    Check(WAY, _way),
    Check("administrator", _administrator, (WEB, "migrations")),
)
