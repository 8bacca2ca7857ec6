//! JSON as strangers write it, over HTTP and in stanzas.

use serde_json_borrow::{ObjectAsVec, Value};

use crate::service::{Error, Result};

/// Returns the value of `key` in `object`; the last of them if it stands there twice, as most readers of JSON take it. `null` is as good as
/// nothing.
pub fn member<'v, 'a>(object: &'v ObjectAsVec<'a>, key: &str) -> Option<&'v Value<'a>> {
    let members = object.iter().filter(|(name, _)| *name == key);
    members.last().map(|(_, value)| value).filter(|value| !value.is_null())
}

/// Reads the contact details in `info`, an array of objects with `provider` (or `protocol`) and `id`, which the request calls `name`;
/// what else they have is ignored.
///
/// # Errors
/// `key_error` if an object lacks one of them, `value_error` if it is no array, an entry no object, or one of them no string.
pub fn details(name: &'static str, info: &Value<'_>) -> Result<Vec<(String, String)>> {
    let wrong = || Error::Value(format!("'{name}' must be an array of objects with 'provider' and 'id'.").into());
    let entries = info.as_array().ok_or_else(wrong)?.iter().enumerate();
    let details = entries.map(|(n, entry)| detail(&format!("{name}[{n}]"), entry));
    details.collect()
}

/// Provider and id of a contact detail, which stands at `place`.
fn detail(place: &str, entry: &Value<'_>) -> Result<(String, String)> {
    let wrong = || Error::Value(format!("'{place}' must be an object with 'provider' and 'id'.").into());
    let entry = entry.as_object().ok_or_else(wrong)?;
    let text = |key: &str, keys: &[&str]| {
        let found = keys.iter().find_map(|key| Some((key, member(entry, key)?)));
        let (key, value) = found.ok_or_else(|| Error::Key(format!("{place}.{key}").into()))?;
        let wrong = || Error::Value(format!("'{place}.{key}' must be a string.").into());
        value.as_str().map(str::to_owned).ok_or_else(wrong)
    };
    Ok((text("provider", &["provider", "protocol"])?, text("id", &["id"])?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_detail_that_is_not_whole_is_told_by_its_name_and_place() {
        let read = |info: &str| {
            let info = serde_json::from_str(info).unwrap();
            details("info", &info)
        };
        let whole = r#"{"provider": "phone", "id": "+447700900123"}"#;
        for entry in [
            whole,
            r#"{"protocol": "phone", "id": "+447700900123", "confirmed": true}"#,
            r#"{"provider": null, "protocol": "phone", "id": "+447700900123"}"#,
        ] {
            let details = read(&format!("[{entry}]")).unwrap();
            assert_eq!(details, [("phone".to_owned(), "+447700900123".to_owned())], "{entry}");
        }
        for (entry, missing) in [
            (r#"{"id": "+447700900123"}"#, "info[1].provider"),
            (r#"{"provider": null, "id": "+447700900123"}"#, "info[1].provider"),
            (r#"{"provider": "phone"}"#, "info[1].id"),
            (r#"{"provider": "phone", "id": null}"#, "info[1].id"),
            (r#"{"protocol": "phone"}"#, "info[1].id"),
            ("{}", "info[1].provider"),
        ] {
            let error = read(&format!("[{whole}, {entry}]")).err();
            assert!(
                matches!(&error, Some(Error::Key(key)) if key == missing),
                "{entry}: {error:?}"
            );
        }
        for (info, wrong) in [
            (
                r#"[{"provider": "phone", "id": 447700900123}]"#,
                "'info[0].id' must be a string.",
            ),
            (
                r#"[{"provider": ["phone"], "id": "1"}]"#,
                "'info[0].provider' must be a string.",
            ),
            (
                r#"[{"protocol": 1, "id": "1"}]"#,
                "'info[0].protocol' must be a string.",
            ),
            ("[1]", "'info[0]' must be an object with 'provider' and 'id'."),
            ("[null]", "'info[0]' must be an object with 'provider' and 'id'."),
            ("{}", "'info' must be an array of objects with 'provider' and 'id'."),
            ("null", "'info' must be an array of objects with 'provider' and 'id'."),
        ] {
            let error = read(info).err();
            assert!(
                matches!(&error, Some(Error::Value(text)) if text == wrong),
                "{info}: {error:?}"
            );
        }
    }
}
