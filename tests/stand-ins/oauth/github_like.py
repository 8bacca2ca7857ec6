"""An OAuth 2 server on loopback that looks like GitHub, made of Authlib.

    GET  /login/oauth/authorize      asks who you are, then whether you allow it
    POST /login/oauth/access_token   a token for a code; client_secret_basic or client_secret_post, PKCE if asked for
    GET  /user                       {"login", "id"} for a token

As GitHub does, it answers the token request with a form unless JSON is asked for, with 200 also when it refuses,
and nobody who sends no User-Agent. Redirects to any address that begins with the prefix. Prints
"listening on 127.0.0.1:PORT" once it does.
"""

import argparse
import os
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, Response, jsonify, redirect, render_template_string, request, session
from werkzeug.serving import make_server

PAGE = """<!doctype html>
<html lang="en">
<title>Sign in</title>
<form method="post" action="{{ here }}">
{% if not user %}
<label>Who are you? <input name="login" required></label>
{% else %}
<p>{{ user }}, may {{ client }} know who you are?</p>
<input type="hidden" name="allow" value="yes">
{% endif %}
<button type="submit">Continue</button>
</form>
<a href="{{ here }}&amp;abort">Cancel</a>
"""


@dataclass
class Client(ClientMixin):
    """The only client: confidential, with every right that one may have."""

    id: str
    secret: str
    callback_prefix: str

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str:
        return self.callback_prefix

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.startswith(self.callback_prefix)

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    """What a code stands for."""

    code: str
    user: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Token(TokenMixin):
    """What a token stands for."""

    user: str
    scope: str

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


CODES: dict[str, Code] = {}
TOKENS: dict[str, Token] = {}


class Grant(AuthorizationCodeGrant):
    """Authlib's authorization code grant, with the codes in memory."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def save_authorization_code(self, code: str, request) -> None:
        asked = request.payload.data
        CODES[code] = Code(code, request.user, request.payload.redirect_uri, request.scope,
                           asked.get("code_challenge"), asked.get("code_challenge_method"))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.user


class Validator(BearerTokenValidator):
    """Authlib's check of bearer tokens, with the tokens in memory."""

    def authenticate_token(self, token_string: str) -> Token | None:
        return TOKENS.get(token_string)


def save_token(token: dict, request) -> None:
    TOKENS[token["access_token"]] = Token(request.user, token.get("scope", ""))


def make_app(client: Client, users: list[str]) -> Flask:
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    server = AuthorizationServer(app, lambda id: client if id == client.id else None, save_token)
    server.register_grant(Grant, [CodeChallenge(required=False)])
    protected = ResourceProtector()
    protected.register_token_validator(Validator())

    @app.route("/login/oauth/authorize", methods=["GET", "POST"])
    def authorize():
        try:
            grant = server.get_consent_grant(end_user=session.get("user"))
        except OAuth2Error as error:
            return server.handle_error_response(server.create_oauth2_request(request), error)
        if "abort" in request.args:
            return server.create_authorization_response(grant_user=None, grant=grant)
        if request.form.get("login") in users:
            session["user"] = request.form["login"]
            return redirect(request.full_path)
        if session.get("user") and request.form.get("allow"):
            return server.create_authorization_response(grant_user=session["user"], grant=grant)
        return render_template_string(PAGE, user=session.get("user"), client=client.id, here=request.full_path)

    @app.post("/login/oauth/access_token")
    def access_token():
        answer = server.create_token_response().get_json(force=True)
        if "token_type" in answer:
            answer["token_type"] = answer["token_type"].lower()
        if request.accept_mimetypes.best == "application/json":
            return jsonify(answer)
        return Response(urlencode(answer), content_type="application/x-www-form-urlencoded; charset=utf-8")

    @app.get("/user")
    def user():
        if not request.user_agent.string:
            return "Please make sure your request has a User-Agent header", 403
        with protected.acquire():
            login = current_token.user
        return jsonify(login=login, id=583231 + users.index(login), type="User")

    return app


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("callback_prefix")
    arguments.add_argument("client_id")
    arguments.add_argument("client_secret")
    arguments.add_argument("user", nargs="+")
    given = arguments.parse_args()
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # there is no TLS on loopback
    only_client = Client(given.client_id, given.client_secret, given.callback_prefix)
    http = make_server("127.0.0.1", 0, make_app(only_client, given.user), threaded=True)
    print(f"listening on 127.0.0.1:{http.port}", flush=True)
    http.serve_forever()
