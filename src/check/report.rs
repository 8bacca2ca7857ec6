//! The findings of `itseme check`, for people and for programs.

use serde::Serialize;

use super::Finding;

/// One JSON document: `{"ok": false, "findings": [{"subject": …, "ok": true, "message": …}]}`.
#[derive(Serialize)]
struct Document<'a> {
    /// `true` if nothing is wrong.
    ok: bool,
    findings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    subject: &'a str,
    ok: bool,
    /// The good result, or the fault and its remedy.
    message: &'a str,
}

/// Returns the findings as lines for people, or as one JSON document.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn written(findings: &[Finding], as_json: bool) -> Result<String, serde_json::Error> {
    let lines = findings.iter().map(|finding| {
        let ok = finding.result.is_ok();
        let (Ok(message) | Err(message)) = &finding.result;
        Line {
            subject: &finding.subject,
            ok,
            message,
        }
    });
    if as_json {
        return serde_json::to_string_pretty(&Document {
            ok: findings.iter().all(|finding| finding.result.is_ok()),
            findings: lines.collect(),
        });
    }
    let of_line = |line: Line<'_>| {
        let word = if line.ok { "ok   " } else { "WRONG" };
        format!("{word}   {}: {}", line.subject, line.message)
    };
    Ok(lines.map(of_line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn findings() -> Vec<Finding> {
        let of = |subject: &str, result| Finding {
            subject: subject.into(),
            result,
        };
        vec![
            of("HTTP", Ok("it is \"free\"".into())),
            of("log", Err("wrong\nindeed".into())),
        ]
    }

    #[test]
    fn people_get_a_line_for_each() {
        let text = written(&findings(), false).unwrap();
        assert_eq!(text, "ok      HTTP: it is \"free\"\nWRONG   log: wrong\nindeed");
    }

    #[test]
    fn programs_get_one_document() {
        let document = |findings: &[Finding]| -> serde_json::Value {
            serde_json::from_str(&written(findings, true).unwrap()).unwrap()
        };
        let expected = serde_json::json!({"ok": false, "findings": [
            {"subject": "HTTP", "ok": true, "message": "it is \"free\""},
            {"subject": "log", "ok": false, "message": "wrong\nindeed"},
        ]});
        assert_eq!(document(&findings()), expected);
        assert_eq!(document(&findings()[..1])["ok"], true);
    }
}
