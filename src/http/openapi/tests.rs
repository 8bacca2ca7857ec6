#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::http::allowed;

const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
const ROUTES: &str = include_str!("../mod.rs");

fn described() -> Value {
    serde_json::from_slice(&Description::new(None).unwrap().json).unwrap()
}

fn operations() -> Vec<(String, String, Value)> {
    let described = described();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        let all = methods.map(|(method, operation)| (path.clone(), method.to_uppercase(), operation.clone()));
        all.collect::<Vec<_>>()
    };
    described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(of_path)
        .collect()
}

#[test]
fn the_methods_are_those_that_the_service_allows() {
    let mut of = std::collections::BTreeMap::<String, BTreeSet<String>>::new();
    for (path, method, _) in operations() {
        of.entry(path).or_default().insert(method);
    }
    for (path, methods) in of {
        let named = |name: &&str| !["HEAD", "OPTIONS"].contains(name);
        let allowed = allowed(&path).split(", ").filter(named).map(str::to_owned);
        assert_eq!(methods, allowed.collect(), "{path}");
    }
}

/// Reads the `warp::path!`s of the routes: their fixed segments, and `*` for others.
#[test]
fn the_paths_are_those_of_the_routes() {
    // These are no part of the API: gateways call the last three.
    const OTHERS: [&str; 6] = [
        "favicon.ico",
        "robots.txt",
        "security.txt",
        "report/*/*",
        "inbound/*",
        "inbound/*/*",
    ];
    let routes = ROUTES.split("warp::path!(").skip(1).map(|rest| {
        let inside = rest.split_once(')').unwrap().0;
        let segments = inside.split(" / ").map(|part| match part {
            "Segment" => "*",
            fixed => fixed.trim_matches('"'),
        });
        segments.collect::<Vec<_>>().join("/")
    });
    let routes = routes.filter(|path| !OTHERS.contains(&path.as_str()));
    let described = operations().into_iter().map(|(path, ..)| {
        let path = path.trim_start_matches("/v1").trim_start_matches("/.well-known");
        let segments = path.split('/').skip(1).map(|part| match part.starts_with('{') {
            true => "*",
            false => part,
        });
        segments.collect::<Vec<_>>().join("/")
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routes.collect());
}

#[test]
fn the_errors_are_those_of_the_protocol() {
    let table = PROTOCOL.split_once("| code | HTTP | stanza error |").unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let rows = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    // Some are native only.
    let in_table = rows.filter(|row| row[2] != "–").map(|row| row[1]);
    // The protocol names these in the section on HTTP.
    let of_http = ["method_not_allowed", "request_timeout", "foreign_origin"];
    let all: BTreeSet<_> = in_table.chain(of_http).collect();
    assert_eq!(refusals::codes(), all);
}

#[test]
fn every_operation_has_its_errors() {
    for (path, method, operation) in operations() {
        let replies = operation["responses"].as_object().unwrap();
        let limited = &replies["429"];
        assert_eq!(
            limited["headers"]["Retry-After"]["schema"]["type"], "string",
            "{method} {path}"
        );
        let has_body = operation["requestBody"].is_object();
        assert_eq!(replies.contains_key("408"), has_body, "{method} {path}");
        assert_eq!(method == "POST", has_body, "{method} {path}");
    }
}

#[test]
fn an_example_of_a_missing_key_is_of_one_that_is_required() {
    let described = described();
    let mut told = 0;
    for (path, method, operation) in operations() {
        let example = &operation["responses"]["400"]["content"]["application/json"]["examples"]["key_error"];
        let Some(message) = example["value"]["error"]["message"].as_str() else {
            continue;
        };
        let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let required = match schema {
            Some(schema) => described.pointer(&schema[1..]).unwrap()["required"].clone(),
            None => serde_json::json!(["target"]),
        };
        let is_named = |key: &Value| message.contains(&format!("'{}'", key.as_str().unwrap()));
        assert!(
            required.as_array().unwrap().iter().any(is_named),
            "{method} {path}: {message}"
        );
        told += 1;
    }
    assert!(told > 4, "{told}");
}

/// `null` is for members of JSON objects: no query and no form has it.
#[test]
fn a_form_is_no_null() {
    for (path, method, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        assert!(
            schema.is_null() || schema["$ref"].is_string(),
            "{method} {path}: {schema}"
        );
        let may_lack = operation["operationId"] == "stop";
        let required = operation["requestBody"]["required"] == true;
        assert!(schema.is_null() || required != may_lack, "{method} {path}");
    }
}

#[test]
fn a_limit_is_that_of_the_code() {
    let described = described();
    let most =
        |schema: &str, key: &str| described["components"]["schemas"][schema]["properties"][key]["maxItems"].clone();
    assert_eq!(most("ContactRequest", "contacts"), HASHES_PER_CONTACT);
    assert_eq!(most("ConfirmRequest", "hashes"), HASHES_PER_CONFIRM);
    assert_eq!(most("ForgetRequest", "hashes"), HASHES_PER_CONFIRM);
    let text = described["info"]["description"].as_str().unwrap();
    assert!(text.contains("| body of a request | 128 KiB |"), "{text}");
}

#[test]
fn the_server_is_where_the_proxy_has_it() {
    for (url, base) in [
        (None, "/"),
        (Some("https://api.example.org"), "/"),
        (Some("https://example.org/itseme"), "/itseme"),
    ] {
        let description: Value = serde_json::from_slice(&Description::new(url).unwrap().json).unwrap();
        assert_eq!(description["servers"][0]["url"], base);
        let page = askama::Template::render(&*Description::new(url).unwrap().page).unwrap();
        let link = format!("href=\"{}/openapi.json\"", base.trim_end_matches('/'));
        assert!(page.contains(&link), "{link}");
        let version = format!("curl &#39;{}/version&#39;", url.unwrap_or("https://api.example.org"));
        assert!(page.contains(&version), "{version}");
    }
}

#[test]
fn the_page_has_all_operations_and_no_script() {
    let page = askama::Template::render(&*Description::new(None).unwrap().page).unwrap();
    for (path, method, operation) in operations() {
        assert!(
            page.contains(&format!("<h3><code>{method} {path}</code></h3>")),
            "{method} {path}"
        );
        let id = operation["operationId"].as_str().unwrap();
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
    for foreign in ["<script", "src=", "href=\"http", "`"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
