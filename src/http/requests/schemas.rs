//! What the types of requests do not tell of their keys.

use serde_json::Value;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{Detail, Switch};
use crate::service::{HASHES_PER_CONFIRM, HASHES_PER_CONTACT};

/// Describes the details of a contact request.
pub fn details_of_a_request() -> Array {
    let details = ArrayBuilder::new().items(Ref::from_schema_name(Detail::name()));
    let details = details.description(Some(
        "Identities of that person, which the owners of the hashes are shown. They are linked to the target; others are left out.",
    ));
    details.min_items(Some(1)).max_items(Some(HASHES_PER_CONTACT)).build()
}

/// Describes the hashes of a contact request.
pub fn hashes_to_contact() -> Array {
    let about = "The hashes of other people's numbers and addresses. A text that is no hash has no owner.";
    hashes(HASHES_PER_CONTACT, about).min_items(Some(1)).build()
}

/// Describes the hashes of a look-up.
pub fn hashes_to_confirm() -> Array {
    let or_null = SchemaType::from_iter([Type::Array, Type::Null]);
    let about = "The hashes. Of none, the answer is false.";
    hashes(HASHES_PER_CONFIRM, about).schema_type(or_null).build()
}

/// Describes the hashes of an erasure.
pub fn hashes_to_forget() -> Array {
    let about = "The hashes to forget. Without this key, everything of the JID is forgotten.";
    let hashes = ArrayBuilder::from(hashes_to_confirm()).description(Some(about));
    hashes.min_items(Some(1)).build()
}

/// Describes the hashes of a look-up by a query.
pub fn hashes_in_query() -> Array {
    hashes(
        HASHES_PER_CONFIRM,
        "A URI has room for about 480 hashes. `hashes[]=` and commas are read as well.",
    )
    .build()
}

fn hashes(most: usize, about: &str) -> ArrayBuilder {
    let hashes = ArrayBuilder::new().items(String::schema()).max_items(Some(most));
    hashes.description(Some(about))
}

/// Describes what `wire::Object::flag` reads.
pub fn flag() -> Schema {
    let of = |type_, values: &[Value]| {
        let values = (!values.is_empty()).then(|| values.to_vec());
        ObjectBuilder::new().schema_type(type_).enum_values(values)
    };
    OneOfBuilder::new()
        .description(Some("True or 1 if another code is to be sent while one is valid."))
        .item(of(Type::Boolean, &[]))
        .item(of(Type::Integer, &[1.into(), 0.into()]))
        .item(Switch::schema())
        .item(of(Type::Null, &[]))
        .into()
}
