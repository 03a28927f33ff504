"""What schemathesis is told of these APIs: how to log in, whom to ask about, and what it cannot read in a document."""

import json
import os
import urllib.request

import jsonschema_rs  # which schemathesis needs, too
import schemathesis

URL = os.environ["VESTIBULE_URL"]
DIGEST = "9990BC737DD5B17E7A5F01B48B2C08AE"

# At most so many events at once: more only take longer.
EVENTS_MAX = 50


@schemathesis.auth(refresh_interval=None).apply_to(path_regex="^/api/")
class Token:
    """A reboot ends every token, so each request has one of its own."""

    def get(self, case, context):
        login = {"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}}
        request = urllib.request.Request(URL + "/api/v3.x/auth", json.dumps(login).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["body"]["token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Token": data}


def whole(value):
    """Writes 7.0 as 7: JSON Schema takes them for one number, and the device wants it without a point."""
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_call(context, case, kwargs):
    """Asks about the device there is, or all, and leaves nobody waiting for long."""
    case.body = whole(case.body)
    if case.path_parameters and "sn" in case.path_parameters:
        # Of `all`, each device says of itself what it refuses, and the whole is no refusal.
        others = ["nobody"] if case.operation.body else ["nobody", "all"]
        names = [os.environ["VESTIBULE_SN"], *others]
        case.path_parameters["sn"] = names[len(str(case.path_parameters["sn"])) % len(names)]
    if not isinstance(case.body, dict):
        return
    # What is bad stays bad: a good number becomes a smaller one, a wait that is left out the shortest.
    count = case.body.get("count")
    if type(count) is int and EVENTS_MAX < count <= 100_000:
        case.body["count"] = count % EVENTS_MAX + 1
    if case.operation.label.endswith("/expect") and case.body.get("within") is None:
        case.body["within"] = "1ms"


@schemathesis.check
def answer_of_the_action(ctx, response, case):
    """OpenAPI cannot say which answer belongs to which action of one path; `x-actions` does."""
    document = case.operation.schema.raw_schema
    actions = case.operation.definition.raw.get("x-actions")
    action = case.body.get("action") if isinstance(case.body, dict) else None
    if not actions or not isinstance(action, str) or action not in actions or response.status_code != 200:
        return
    schemas = [actions[action]["answer"], {"$ref": "#/components/schemas/Refused"}]
    schema = {"components": document["components"], "anyOf": schemas}
    errors = list(jsonschema_rs.Draft202012Validator(schema).iter_errors(response.json()))
    if errors:
        raise AssertionError(f"{response.text} is no answer to {action}: {errors[0].message}")
