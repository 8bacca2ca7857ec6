//! Forms (XEP-0004): the fields that are asked for, and the answers that come back.

use std::collections::HashMap;

use minidom::Element;
use rxml::xml_ncname;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType, Option_};
use xmpp_parsers::ns::DATA_FORMS;
use xso::error::FromElementError;

use crate::service::{Result, is_set};

/// Returns a field with the name `var` and a label.
pub fn field(type_: FieldType, var: &str, label: String) -> Field {
    Field {
        label: Some(label),
        ..Field::new(var, type_)
    }
}

/// The same, to be filled in.
pub fn required(field: Field) -> Field {
    Field {
        required: true,
        ..field
    }
}

/// The same, with a choice of values, each with its label.
pub fn choice(field: Field, options: impl IntoIterator<Item = (String, String)>) -> Field {
    let option = |(value, label)| Option_ {
        label: Some(label),
        value,
    };
    Field {
        options: options.into_iter().map(option).collect(),
        ..field
    }
}

/// Returns a boolean field with the name `var` and a label; its default is no.
pub fn flag(var: &str, label: String) -> Field {
    Field {
        values: vec!["0".into()],
        ..field(FieldType::Boolean, var, label)
    }
}

/// Returns a form to be filled in.
pub fn form(form_type: &str, title: String, instructions: String, fields: Vec<Field>) -> DataForm {
    DataForm {
        title: Some(title),
        instructions: Some(instructions),
        ..DataForm::new(DataFormType::Form, form_type, fields)
    }
}

/// Reads a submitted form. Clients send more than the answers: several instructions, or a field without a name, which
/// poezio 0.18 makes of a note. A `DataForm` is refused for that, so only the fields with names are read.
pub fn submitted(form: &Element) -> std::result::Result<DataForm, FromElementError> {
    let fields = form.children().filter(|child| child.is("field", DATA_FORMS));
    let answers = fields.filter(|field| field.attr("var").is_some()).cloned();
    let form = Element::builder("x", DATA_FORMS).attr(xml_ncname!("type").into(), form.attr("type"));
    DataForm::try_from(form.append_all(answers).build())
}

/// The answers of a filled-in form.
#[derive(Clone, Debug, Default)]
pub struct Answers(HashMap<String, Vec<String>>);

impl Answers {
    /// The fields of a form that was submitted.
    pub fn of(form: DataForm) -> Self {
        let fields = form.fields.into_iter();
        Self(fields.filter_map(|field| Some((field.var?, field.values))).collect())
    }

    /// The first value of `var`, if it is more than spaces.
    pub fn one(&self, var: &str) -> Option<&str> {
        self.lines(var).next()
    }

    /// Every line of every value of `var`, without empty ones.
    pub fn lines(&self, var: &str) -> impl Iterator<Item = &str> {
        let values = self.0.get(var).into_iter().flatten();
        values
            .flat_map(|value| value.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }

    /// Returns `true` if the boolean `var` is set (XEP-0004, 3.3).
    ///
    /// # Errors
    /// `value_error` if it is no boolean.
    pub fn flag(&self, var: &str) -> Result<bool> {
        is_set(&format!("The field '{var}'"), self.one(var))
    }

    /// Returns the lines of `jids`, or an empty list if the boolean `everybody` is set; `None` if neither was filled
    /// in.
    ///
    /// # Errors
    /// `value_error` if `everybody` is no boolean.
    pub fn jids_or_everybody(&self) -> Result<Option<Vec<String>>> {
        if self.flag("everybody")? {
            return Ok(Some(Vec::new()));
        }
        let jids: Vec<String> = self.lines("jids").map(str::to_owned).collect();
        Ok((!jids.is_empty()).then_some(jids))
    }

    /// Returns the field with its answer as the value.
    pub fn filled_in(&self, field: Field) -> Field {
        let answer = field.var.as_ref().filter(|_| field.type_ != FieldType::Hidden);
        match answer.and_then(|var| self.0.get(var)) {
            Some(values) => Field {
                values: values.clone(),
                ..field
            },
            None => field,
        }
    }

    /// The label of the first of the `fields` that must be filled in and is not.
    pub fn missing<'a>(&self, fields: &'a [Field]) -> Option<&'a str> {
        let missing = |field: &&Field| field.required && field.var.as_deref().is_none_or(|var| self.one(var).is_none());
        let field = fields.iter().find(missing)?;
        field.label.as_deref().or(field.var.as_deref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::service::Error;

    #[test]
    fn a_boolean_is_set_or_not_and_nothing_else() {
        let answers = |value: &str| Answers(HashMap::from([("everybody".into(), vec![value.into()])]));
        for yes in ["1", "true"] {
            assert!(answers(yes).flag("everybody").unwrap(), "{yes}");
        }
        for no in ["0", "false", ""] {
            assert!(!answers(no).flag("everybody").unwrap(), "{no}");
        }
        assert!(!Answers::default().flag("everybody").unwrap());
        for other in ["yes", "on", "True", "2"] {
            let error = answers(other).jids_or_everybody().unwrap_err();
            assert!(
                matches!(&error, Error::Value(text) if text.contains("'everybody'")),
                "{other}: {error:?}"
            );
        }
    }
}
