"""Checks of answers besides those that Schemathesis has."""

import schemathesis


@schemathesis.check
def the_code_of_an_error_is_described(ctx, response, case):
    """An error has one of the codes that the description names at its status, for this operation."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if described is None or response.status_code < 400 or "json" not in response.headers.get("content-type", [""])[0]:
        return
    code = response.json()["error"]["code"]
    assert f"`{code}`" in described["description"], f"{code} is not described at {response.status_code}"


@schemathesis.check
def nobody_stores_an_answer(ctx, response, case):
    """No cache stores an answer, and no browser guesses its type; but for those without a body, to heads that are too large."""
    if response.status_code in (414, 431):
        return
    for name, value in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
        assert response.headers.get(name) == [value], f"{name}: {response.headers.get(name)}"
