//! The page for people, made from the description.

use askama::Template;
use serde_json_borrow::Value;

use crate::language::Language;

/// Returns the parts of `text`, and if they are code: those between backticks.
fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    [false, true].into_iter().cycle().zip(text.split('`'))
}

/// A part of the description, whose members have their order.
type Part<'a> = &'a Value<'a>;

/// What holds for all operations.
pub const PARAGRAPHS: &[&str] = &[
    "Contact lookup for XMPP. A client finds out which contacts of an address book can be reached by XMPP, by hashes of their numbers \
     and addresses. docs/protocol.md has the whole protocol, also the stanzas. Introductions, answers to them, and codes for Jabber IDs \
     always come by XMPP.",
    "A hash is the SHA-512 of `provider:id` in UTF-8 as 128 hex digits, where the id is in canonical form. It may be sent in either case.",
    "Paths work with and without a final slash. In paths, percent-encoding is decoded, and `+` is a plus. A `/`, `?`, `#` or `%` \
     in a value is percent-encoded: some generated clients (orval, Kubb, swagger-typescript-api) leave that to those who call them. \
     Calls with a body need none of this. `HEAD` is `GET` without a body. `OPTIONS` is 204 with `Allow`, at every path and for `*`; \
     that of a browser for a web page (CORS) has the headers of CORS where web pages may call.",
    "An unknown path is 404 `not_found`, another method 405 `method_not_allowed` with `Allow`. A web page of an origin that the admin \
     does not allow is refused with 403 `foreign_origin`. A URI of more than 64 KiB is answered \
     with 414, a head of more than 128 KiB with 431, both without a body; a head that is late ends the connection.",
    "The `message` of an error is in the language of `Accept-Language`, of those that the service speaks, or else English. A browser that \
     goes to an address of the API (`Sec-Fetch-Mode: navigate`) shows errors as a page instead, with the same status and headers.",
    "No answer is stored by caches (`Cache-Control: no-store`). A client does not repeat a request before the seconds of `Retry-After` \
     have passed. Unknown keys of a request are ignored; `null` is as good as no key. Later versions may add keys to replies.",
];

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
pub struct DocsPage {
    words: Language,
    /// The address of the description.
    description: String,
    paragraphs: &'static [&'static str],
    limits: Vec<(&'static str, String)>,
    groups: Vec<Group>,
    schemas: Vec<Fields>,
}

/// Operations of a kind.
struct Group {
    name: String,
    about: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    has_token: bool,
    parameters: Vec<Field>,
    bodies: Vec<Body>,
    replies: Vec<Reply>,
    curl: String,
}

/// A part of a request or a reply.
struct Field {
    name: String,
    place: String,
    is_required: bool,
    kind: String,
    about: String,
}

/// The keys of an object.
struct Fields {
    name: String,
    about: String,
    fields: Vec<Field>,
}

struct Body {
    kind: String,
    /// The name of its schema, if it has one.
    schema: Option<String>,
    examples: Vec<String>,
}

struct Reply {
    status: String,
    about: String,
    headers: Vec<Field>,
    bodies: Vec<Body>,
}

impl DocsPage {
    /// Makes the page of `description`, with requests to the API at `url`.
    pub fn new(description: Part<'_>, limits: Vec<(&'static str, String)>, url: Option<&str>) -> Self {
        let url = url.unwrap_or("https://api.example.org");
        let base = text(description.get("servers").get(0).get("url"));
        let schemas = entries(description.get("components").get("schemas"));
        let tags = list(description.get("tags")).iter();
        Self {
            words: Language::English,
            description: format!("{}/openapi.json", base.trim_end_matches('/')),
            paragraphs: PARAGRAPHS,
            limits,
            groups: tags.map(|tag| group(description, tag, url)).collect(),
            schemas: schemas.map(|(name, schema)| object(name, schema)).collect(),
        }
    }
}

fn group(description: Part<'_>, tag: Part<'_>, url: &str) -> Group {
    let paths = entries(description.get("paths"));
    let all = paths.flat_map(|(path, item)| entries(item).map(move |(method, operation)| (path, method, operation)));
    let own = all.filter(|(_, _, operation)| list(operation.get("tags")).contains(tag.get("name")));
    Group {
        name: text(tag.get("name")),
        about: text(tag.get("description")),
        operations: own
            .map(|(path, method, of)| operation(description, path, method, of, url))
            .collect(),
    }
}

fn operation(description: Part<'_>, path: &str, method: &str, of: Part<'_>, url: &str) -> Operation {
    let parameters = list(of.get("parameters"));
    let bodies = bodies(description, of.get("requestBody").get("content"));
    Operation {
        id: text(of.get("operationId")),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(of.get("summary")),
        about: text(of.get("description")),
        has_token: !of.get("security").is_null(),
        curl: curl(format!("{url}{path}"), method, parameters, &bodies),
        parameters: parameters.iter().map(parameter).collect(),
        bodies,
        replies: entries(of.get("responses"))
            .map(|(status, reply)| Reply {
                status: status.to_owned(),
                about: text(reply.get("description")),
                headers: entries(reply.get("headers")).map(header).collect(),
                bodies: self::bodies(description, reply.get("content")),
            })
            .collect(),
    }
}

/// Returns a command line that sends the request of the first examples.
fn curl(mut url: String, method: &str, parameters: &[Value<'_>], bodies: &[Body]) -> String {
    let mut query = Vec::new();
    for parameter in parameters {
        let (name, example) = (text(parameter.get("name")), parameter.get("example"));
        let values: Vec<_> = match example {
            Value::Array(values) => values.iter().map(text).collect(),
            Value::Null => Vec::new(),
            value => vec![text(value)],
        };
        match text(parameter.get("in")).as_str() {
            "path" => url = url.replace(&format!("{{{name}}}"), values.first().map_or("TOKEN", String::as_str)),
            _ => query.extend(values.iter().map(|value| format!("{name}={value}"))),
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let body = bodies.first().and_then(|body| Some((body, body.examples.first()?)));
    match body {
        Some((body, example)) if body.kind == "application/json" => format!("curl --json '{example}' '{url}'"),
        Some((_, example)) => format!("curl --data '{example}' '{url}'"),
        None if method == "post" => format!("curl --request POST '{url}'"),
        None => format!("curl '{url}'"),
    }
}

fn bodies(description: Part<'_>, content: Part<'_>) -> Vec<Body> {
    let body = |(kind, body): (&str, Part<'_>)| {
        let schema = schema_name(body.get("schema"));
        let own = entries(body.get("examples")).map(|(_, example)| example.get("value"));
        let mut examples: Vec<_> = own.collect();
        if let (true, Some(name)) = (examples.is_empty(), &schema) {
            let schema = description.get("components").get("schemas").get(name.as_str());
            examples.extend(list(schema.get("examples")));
        }
        Body {
            kind: kind.to_owned(),
            examples: examples.into_iter().map(|example| written(kind, example)).collect(),
            schema,
        }
    };
    entries(content).map(body).collect()
}

/// Returns an example as it is sent.
fn written(kind: &str, example: Part<'_>) -> String {
    if kind != "application/x-www-form-urlencoded" {
        return example.to_string();
    }
    let pairs: Vec<_> = entries(example).map(|(name, value)| (name, text(value))).collect();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

fn object(name: &str, schema: Part<'_>) -> Fields {
    let required = list(schema.get("required"));
    let field = |(name, field): (&str, Part<'_>)| Field {
        name: name.to_owned(),
        place: String::new(),
        is_required: required.iter().any(|required| required.as_str() == Some(name)),
        kind: kind(field),
        about: text(field.get("description")),
    };
    Fields {
        name: name.to_owned(),
        about: match schema.get("enum") {
            Value::Null => text(schema.get("description")),
            _ => format!("{} {}", text(schema.get("description")), kind(schema)),
        },
        fields: entries(schema.get("properties")).map(field).collect(),
    }
}

fn parameter(of: Part<'_>) -> Field {
    Field {
        name: text(of.get("name")),
        place: text(of.get("in")),
        is_required: of.get("required").as_bool() == Some(true),
        kind: kind(of.get("schema")),
        about: text(of.get("description")),
    }
}

fn header((name, of): (&str, Part<'_>)) -> Field {
    Field {
        name: name.to_owned(),
        place: String::new(),
        is_required: false,
        kind: list(of.get("schema").get("examples"))
            .first()
            .map(text)
            .unwrap_or_default(),
        about: text(of.get("description")),
    }
}

/// Returns a schema in words.
fn kind(schema: Part<'_>) -> String {
    if let Some(name) = schema_name(schema) {
        return name;
    }
    let any: Vec<_> = list(schema.get("oneOf")).iter().map(kind).collect();
    if !any.is_empty() {
        return any.join(" or ");
    }
    let values: Vec<_> = list(schema.get("enum")).iter().map(Value::to_string).collect();
    if !values.is_empty() {
        return values.join(", ");
    }
    let types = match schema.get("type") {
        Value::Array(types) => types.iter().map(text).filter(|type_| type_ != "null").collect(),
        type_ => vec![text(type_)],
    };
    let mut words = types.join(" or ");
    if types.iter().any(|type_| type_ == "array") {
        words = format!("array of {}", kind(schema.get("items")));
    }
    for (key, limit) in [("minItems", "at least"), ("maxItems", "at most")] {
        if let Some(number) = schema.get(key).as_u64() {
            words = format!("{words}, {limit} {number}");
        }
    }
    words
}

/// Returns the name of a schema that is referred to.
fn schema_name(schema: Part<'_>) -> Option<String> {
    let of_one = |schema: Part<'_>| Some(schema.get("$ref").as_str()?.rsplit('/').next()?.to_owned());
    of_one(schema).or_else(|| list(schema.get("oneOf")).iter().find_map(of_one))
}

fn entries<'a>(object: Part<'a>) -> impl Iterator<Item = (&'a str, Part<'a>)> {
    object.as_object().into_iter().flat_map(|object| object.iter())
}

fn list<'a>(array: Part<'a>) -> &'a [Value<'a>] {
    array.as_array().unwrap_or_default()
}

fn text(value: Part<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Str(text) => text.to_string(),
        other => other.to_string(),
    }
}
