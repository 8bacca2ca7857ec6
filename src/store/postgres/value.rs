//! Values of columns: bytes and 64-bit numbers.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::model::Mac;
use crate::store::{Result, StoreError};

/// A parameter of a statement. It is owned, so that a statement can be sent without waiting for its answer.
#[derive(Debug)]
pub enum Value {
    /// `bytea`.
    Bytes(Option<Vec<u8>>),
    /// `bigint`.
    Number(Option<i64>),
    /// `bytea[]`.
    List(Vec<Option<Vec<u8>>>),
    /// `bigint[]`.
    Numbers(Vec<Option<i64>>),
    /// `text`.
    Text(String),
}

/// Returns the parameters of a statement, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::postgres::value::Value::from($value)),*]
    };
}
pub(super) use values;

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Bytes(bytes) => bytes.as_deref().to_sql(of, out),
            Self::Number(number) => number.to_sql(of, out),
            Self::List(list) => list.to_sql(of, out),
            Self::Numbers(numbers) => numbers.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::BYTEA, Type::INT8, Type::BYTEA_ARRAY, Type::INT8_ARRAY, Type::TEXT].contains(of)
    }

    to_sql_checked!();
}

impl From<&Mac> for Value {
    fn from(mac: &Mac) -> Self {
        Self::Bytes(Some(mac.0.to_vec()))
    }
}

impl From<&Option<Mac>> for Value {
    fn from(mac: &Option<Mac>) -> Self {
        Self::Bytes(mac.map(|mac| mac.0.to_vec()))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl From<&Vec<u8>> for Value {
    fn from(bytes: &Vec<u8>) -> Self {
        Self::Bytes(Some(bytes.clone()))
    }
}

impl From<&[Mac]> for Value {
    fn from(macs: &[Mac]) -> Self {
        Self::List(macs.iter().map(|mac| Some(mac.0.to_vec())).collect())
    }
}

impl From<Vec<i64>> for Value {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Numbers(numbers.into_iter().map(Some).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(Some(number.into()))
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Number(Some(number.into()))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Some(number.try_into().unwrap_or(i64::MAX)))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(Some(number.try_into().unwrap_or(i64::MAX)))
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        Self::Number(number.map(|number| number.try_into().unwrap_or(i64::MAX)))
    }
}

/// Returns the value of a column.
///
/// # Errors
/// `Corrupt` if there is none of that type.
pub fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    row.try_get(column)
        .map_err(|_| StoreError::Corrupt(format!("the column {column} has another type than expected")))
}

/// Returns the MAC of a column. Somebody who can write the database can put any bytes there: others than a MAC are read as
/// zeros, which no row has. An error would prevent that the row is replaced.
pub fn mac(row: &Row, column: &str) -> Result<Mac> {
    Ok(Mac(array(row, column)?))
}

/// As [`mac`], of a column that may have none.
pub fn some_mac(row: &Row, column: &str) -> Result<Option<Mac>> {
    let bytes: Option<&[u8]> = get(row, column)?;
    Ok(bytes.map(|bytes| Mac(bytes.try_into().unwrap_or_default())))
}

/// Returns the bytes of a column; zeros if their number differs.
pub fn array<const N: usize>(row: &Row, column: &str) -> Result<[u8; N]> {
    let bytes: &[u8] = get(row, column)?;
    Ok(bytes.try_into().unwrap_or([0; N]))
}

/// Returns the number of a column; 0 if it is out of range, for the same reason as [`mac`].
pub fn number<T: TryFrom<i64> + Default>(row: &Row, column: &str) -> Result<T> {
    let number: i64 = get(row, column)?;
    Ok(T::try_from(number).unwrap_or_default())
}

/// As [`number`], of a column that may have none.
pub fn some_number<T: TryFrom<i64> + Default>(row: &Row, column: &str) -> Result<Option<T>> {
    let number: Option<i64> = get(row, column)?;
    Ok(number.map(|number| T::try_from(number).unwrap_or_default()))
}
