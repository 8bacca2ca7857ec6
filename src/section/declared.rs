//! The keys that a type of the configuration declares. They are found by deserialising it, so that no list of them must
//! be kept.

use std::cell::RefCell;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// Returns the keys of a section.
pub fn keys<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    Declared::at::<T>("").keys
}

/// Returns `true` if the key at `path` (`store.key`) is read as text, whatever its value looks like.
pub fn is_text<'de, T: Deserialize<'de>>(path: &str) -> bool {
    Declared::at::<T>(path).is_text
}

/// Returns `true` if the key at `path` is a secret. Each secret can stand in a file of its own, which the key with
/// `_file` behind it names.
pub fn is_secret<'de, T: Deserialize<'de>>(path: &str) -> bool {
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    let file = format!("{key}_file");
    Declared::at::<T>(section).keys.contains(&file.as_str())
}

/// The declaration at a path.
#[derive(Default)]
struct Declared {
    /// The keys of the section at the path.
    keys: &'static [&'static str],
    is_text: bool,
}

impl Declared {
    fn at<'de, T: Deserialize<'de>>(path: &str) -> Self {
        let found = RefCell::default();
        let (path, found_in) = (Some(path).filter(|path| !path.is_empty()), &found);
        // It always fails, because there is no value.
        let _ = T::deserialize(Probe { path, found: found_in });
        found.into_inner()
    }
}

/// Stands for a value of which only the path is known, and notes the type that it is read as.
struct Probe<'a> {
    /// The rest of the path.
    path: Option<&'a str>,
    found: &'a RefCell<Declared>,
}

impl Probe<'_> {
    fn note(&self, found: Declared) {
        if self.path.is_none() {
            *self.found.borrow_mut() = found;
        }
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is no value"))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Declared {
            is_text: true,
            ..Declared::default()
        });
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note(Declared {
            keys,
            ..Declared::default()
        });
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.path {
            Some(_) => visitor.visit_map(self),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct seq tuple tuple_struct enum
        identifier ignored_any
    }
}

/// A section with one key: the next one of the path.
impl<'de> MapAccess<'de> for Probe<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(path) = self.path else { return Ok(None) };
        let key = path.split('.').next().unwrap_or_default();
        let key: StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let path = self.path.and_then(|path| path.split_once('.'));
        seed.deserialize(Probe {
            path: path.map(|(_, rest)| rest),
            found: self.found,
        })
    }
}
