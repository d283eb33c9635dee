"""How bodies are described that an endpoint reads itself, as they come."""

from collections.abc import Mapping
from typing import Any


def takes(kind: str, schema: Mapping[str, Any], **examples: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    """For `openapi_extra`: the request has a body of this media type."""
    content: dict[str, Any] = {"schema": dict(schema)}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"required": True, "content": {kind: content}}}
