//! Authorization servers.

use std::{path::Path, process::Command};

use crate::{process::Process, python};

use super::programs;

/// The client id of the service at every provider.
pub const CLIENT_ID: &str = "itseme-client";
/// The client secret of the service.
pub const CLIENT_SECRET: &str = "itseme-client-secret";
/// The user names that exist at every provider.
pub const USERS: [&str; 2] = ["amy-octo", "eve-octo"];

/// A running authorization server, and its endpoints. It redirects to any address that begins with the prefix it was
/// started with.
#[derive(Debug)]
pub struct Provider {
    process: Process,
    port: u16,
    shape: &'static Shape,
}

#[derive(Debug)]
pub(super) struct Shape {
    pub name: &'static str,
    pub authorize: &'static str,
    pub token: &'static str,
    pub userinfo: &'static str,
    pub scope: &'static str,
    pub user_name: &'static str,
}

const OPENID: Shape = Shape {
    name: "the OpenID provider",
    authorize: "/auth",
    token: "/token",
    userinfo: "/me",
    scope: "openid profile",
    user_name: "preferred_username",
};

const GITHUB_LIKE: Shape = Shape {
    name: "the GitHub-like provider",
    authorize: "/login/oauth/authorize",
    token: "/login/oauth/access_token",
    userinfo: "/user",
    scope: "read:user",
    user_name: "login",
};

impl Provider {
    /// oidc-provider: insists on PKCE and on basic authentication of [`CLIENT_ID`]; the same name with `-post`
    /// after it has to have its secret in the body.
    pub async fn openid(folder: &Path, callback_prefix: &str) -> Self {
        let command = with_accounts(programs::node("oidc.js"), callback_prefix);
        Self::run(&command, &OPENID, folder).await
    }

    /// Starts Authlib in the form of GitHub: 200 also for refused codes, a form unless JSON is asked for, no answer
    /// without a `User-Agent`. It takes basic authentication and a secret in the body, and codes with and without PKCE.
    pub async fn github_like(folder: &Path, callback_prefix: &str) -> Self {
        let command = with_accounts(programs::python("github_like.py"), callback_prefix);
        Self::run(&command, &GITHUB_LIKE, folder).await
    }

    /// Returns its issuer; for OpenID, also the base of its discovery document.
    pub fn issuer(&self) -> String {
        self.at("")
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address that browsers are sent to.
    pub fn authorize_url(&self) -> String {
        self.at(self.shape.authorize)
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        self.at(self.shape.token)
    }

    /// Returns the address of the user info.
    pub fn userinfo_url(&self) -> String {
        self.at(self.shape.userinfo)
    }

    /// Returns the scope that the user's name needs.
    pub fn scope(&self) -> &'static str {
        self.shape.scope
    }

    /// Returns the field of the user info that has the user's name.
    pub fn user_name_field(&self) -> &'static str {
        self.shape.user_name
    }

    /// Stops it: connections are refused from now on.
    pub async fn stop(&mut self) {
        self.process.terminate().await;
    }

    pub(super) async fn run(command: &Command, shape: &'static Shape, folder: &Path) -> Self {
        let log = folder.join(format!("{}.log", shape.name));
        let mut process = Process::spawn(shape.name, command, &log);
        let port = python::port_of(&mut process).await;
        Self { process, port, shape }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn with_accounts(mut command: Command, callback_prefix: &str) -> Command {
    command.args([callback_prefix, CLIENT_ID, CLIENT_SECRET]).args(USERS);
    command
}
