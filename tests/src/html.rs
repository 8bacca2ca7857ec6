//! A page with a form, as a browser without JavaScript sees it.

/// The request of the page's button.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// `get` or `post`.
    pub method: String,
    /// The address of the request, as it is written; empty: the address of the page.
    pub action: String,
    /// Names and values of the fields.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page; panics when there is none.
    pub fn on(page: &str) -> Self {
        let start = page.find("<form").unwrap_or_else(|| panic!("no form in {page}"));
        let end = page[start..].find("</form>").map_or(page.len(), |length| start + length);
        let form = &page[start..end];
        let fields = tags(form, "<input").chain(tags(form, "<button"));
        let field = |tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
        Self {
            method: attribute(form, "method").unwrap_or_else(|| "get".into()).to_ascii_lowercase(),
            action: attribute(form, "action").unwrap_or_default(),
            fields: fields.filter_map(field).collect(),
        }
    }
}

/// Each tag that begins like this, from there to its `>`.
fn tags<'a>(html: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    let starts = html.match_indices(beginning).map(|(start, _)| start);
    starts.map(move |start| html[start..].split('>').next().unwrap_or_default())
}

/// Returns a quoted attribute of the tag that `html` begins with.
fn attribute(html: &str, name: &str) -> Option<String> {
    let tag = html.split('>').next()?;
    let value = tag.split_once(&format!(" {name}=\""))?.1;
    Some(value.split('"').next()?.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read() {
        let page = r#"<p><form method="POST" action="/v?a=1&amp;b=2">
            <input type="hidden" name="code" value="3991"><button type="submit">Yes</button></form>"#;
        let form = Form::on(page);
        let fields = vec![("code".to_owned(), "3991".to_owned())];
        assert_eq!(form, Form { method: "post".into(), action: "/v?a=1&b=2".into(), fields });
    }
}
