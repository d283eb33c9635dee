"""Whether an S3 bucket can be had, and where not, whose fault that is."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from myograph.storage.listing import s3_client
from myograph.storage.objects import S3Account

Fault = Literal["address", "tls", "no keys", "key", "secret", "region", "bucket", "rights", "other"]

_BY_CODE: Final[Mapping[str, Fault]] = {
    "InvalidAccessKeyId": "key",
    "SignatureDoesNotMatch": "secret",
    "AuthorizationHeaderMalformed": "region",
    "IllegalLocationConstraintException": "region",
    "PermanentRedirect": "region",
    "301": "region",
    "NoSuchBucket": "bucket",
    "AccessDenied": "rights",
    "AllAccessDisabled": "rights",
    "403": "rights",
    "404": "address",  # a store names what is missing; whoever does not is none
    "405": "address",
}
_BY_KIND: Final[Mapping[str, Fault]] = {
    "SSLError": "tls",
    "NoCredentialsError": "no keys",
    "PartialCredentialsError": "no keys",
    "EndpointConnectionError": "address",
    "ConnectTimeoutError": "address",
    "ReadTimeoutError": "address",
    "ConnectionClosedError": "address",
    "ResponseParserError": "address",
    "ParamValidationError": "bucket",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """fault    None: it can be listed
    said        what the store, or the line to it, calls it
    first       a name in it, which may be a patient's: never to be shown; None: it is empty
    """

    fault: Fault | None = None
    said: str = ""
    first: str | None = None


def reached(account: S3Account, bucket: str) -> Reached:
    """Lists one object, once, without trying again."""
    exceptions = importlib.import_module("botocore.exceptions")
    try:
        client = s3_client(account, tries=1)
        try:
            page = client.list_objects_v2(Bucket=bucket, MaxKeys=1)
        finally:
            client.close()
    except exceptions.ClientError as exc:
        code = str(exc.response.get("Error", {}).get("Code", "unknown"))
        return Reached(_BY_CODE.get(code, "other"), code)
    except (exceptions.BotoCoreError, ValueError) as exc:  # an address that is none is a ValueError
        kind = type(exc).__name__
        return Reached(_BY_KIND.get(kind, "address"), kind)
    return Reached(first=next((entry["Key"] for entry in page.get("Contents", ())), None))
