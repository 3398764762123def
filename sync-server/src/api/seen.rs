//! Nobody writes over what they have not seen: `ETag` says which state was given, `If-Match` which one was seen. Here it is
//! only compared to know what the command has to carry; the command itself is refused if the state is no longer that.

use aide::generate::GenContext;
use aide::openapi::{Operation, Response as SpecResponse};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use aide::{OperationInput, OperationOutput};
use aws_lc_rs::digest;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_domain::reject::{Code, Reject};
use schemars::JsonSchema;
use serde::Serialize;

use super::examples::Example;
use super::output::{Reply, described, described_header, json};
use super::spec::may_answer;
use crate::problem::Problem;
use crate::secrets;

/// Most tags of one header.
const TAGS_LIMIT: usize = 16;

/// The tag of a state, strong: cut from the SHA-256 of its JSON.
pub fn tag(body: &str) -> String {
    let hash = digest::digest(&digest::SHA256, body.as_bytes());
    format!("\"{}\"", secrets::hex(&hash.as_ref()[..16]))
}

/// What was seen, by a header of tags.
#[derive(Debug)]
enum Tags {
    Any,
    These(Vec<String>),
}

impl Tags {
    fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| Problem::malformed(name.as_str()))?;
            tags.extend(text.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
        }
        let is_tag = |tag: &String| tag == "*" || tag.trim_start_matches("W/").len() > 1 && tag.ends_with('"');
        match tags.as_slice() {
            [] => Ok(None),
            many if many.len() > TAGS_LIMIT || !many.iter().all(is_tag) => Err(Problem::malformed(name.as_str())),
            many if many.iter().any(|tag| tag == "*") => Ok(Some(Self::Any)),
            _ => Ok(Some(Self::These(tags))),
        }
    }

    /// Strong: a weak tag never matches.
    fn has(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|known| known == tag),
        }
    }
}

/// What the caller has seen of what is changed. Without it nothing is changed (428); `*` changes whatever there is.
#[derive(Debug)]
pub struct IfMatch(Tags);

/// What a command is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing may have changed.
    AsSeen,
    /// Whatever it is now.
    Whatever,
}

impl IfMatch {
    /// Compares what was seen with the state as it is. What comes of it holds for the command, too.
    pub fn check(&self, body: &str) -> Result<Expected, Problem> {
        match &self.0 {
            Tags::Any => Ok(Expected::Whatever),
            tags if tags.has(&tag(body)) => Ok(Expected::AsSeen),
            Tags::These(_) => Err(Problem::status(StatusCode::PRECONDITION_FAILED)),
        }
    }

    /// What a refused command means: changed between the look and the transaction is changed.
    pub fn refused(&self, reject: Reject) -> Problem {
        match (&self.0, reject.code) {
            (Tags::These(_), Code::ChangedMeanwhile) => Problem::of(&reject, StatusCode::PRECONDITION_FAILED),
            _ => reject.into(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tags = Tags::read(&parts.headers, &header::IF_MATCH)?;
        tags.map(Self).ok_or_else(|| Problem::status(StatusCode::PRECONDITION_REQUIRED))
    }
}

/// What the caller has seen of what is taken away, if it says so: programs that do not are older than this. `*` is as good
/// as nothing, and nothing is looked at for it.
#[derive(Debug)]
pub struct MayMatch(pub Option<IfMatch>);

impl<S: Send + Sync> FromRequestParts<S> for MayMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tags = Tags::read(&parts.headers, &header::IF_MATCH)?;
        Ok(Self(tags.filter(|tags| matches!(tags, Tags::These(_))).map(IfMatch)))
    }
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only for its schema")]
struct MayMatchParameter {
    /// `ETag` of the state that is taken away: if it is another by now, nothing is.
    #[serde(rename = "If-Match", default)]
    if_match: Option<String>,
}

impl OperationInput for MayMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<MayMatchParameter>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Header);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[400, 412]);
    }
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only for its schema")]
struct IfMatchParameter {
    /// `ETag` of the state that is changed, or `*`.
    #[serde(rename = "If-Match")]
    if_match: String,
}

impl OperationInput for IfMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<IfMatchParameter>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Header);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[400, 412, 428]);
    }
}

/// What the caller has already.
#[derive(Debug)]
pub struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    /// Nothing.
    pub const fn nothing() -> Self {
        Self(None)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Tags::read(&parts.headers, &header::IF_NONE_MATCH).map(Self)
    }
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only for its schema")]
struct IfNoneMatchParameter {
    /// `ETag` of the state that the caller has.
    #[serde(rename = "If-None-Match", default)]
    if_none_match: Option<String>,
}

impl OperationInput for IfNoneMatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<IfNoneMatchParameter>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Header);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[400]);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        let etag = described_header(ctx, "Its state.");
        let headers = [("ETag".to_owned(), etag)].into_iter().collect();
        vec![(Some(304), SpecResponse { description: "Not changed".into(), headers, ..SpecResponse::default() })]
    }
}

/// One thing with the tag of its state.
#[derive(Debug)]
pub struct Single<T> {
    reply: Reply<200, T>,
    tag: String,
    is_known: bool,
}

impl<T> Single<T> {
    /// Of JSON that is one of it, or `null`: then there is none.
    pub fn text(body: String, known: &IfNoneMatch) -> Result<Self, Problem> {
        if body == "null" {
            return Err(Problem::missing("id"));
        }
        let tag = tag(&body);
        let is_known = known.0.as_ref().is_some_and(|tags| tags.has(&tag));
        Ok(Self { reply: Reply::text(body), tag, is_known })
    }
}

impl<T: Serialize> Single<T> {
    /// As it is now.
    pub fn of(value: &T) -> Result<Self, Problem> {
        Self::text(json(value)?, &IfNoneMatch(None))
    }
}

impl<T> IntoResponse for Single<T> {
    fn into_response(self) -> Response {
        if self.is_known {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, self.tag)]).into_response();
        }
        self.reply.with(header::ETAG, &self.tag).into_response()
    }
}

impl<T: JsonSchema + Example> OperationOutput for Single<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        let mut response = described::<T>(ctx, "OK");
        response.headers.insert("ETag".to_owned(), described_header(ctx, "Its state; for `If-Match`."));
        vec![(Some(200), response)]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn tags(value: &str) -> Option<Tags> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        Tags::read(&headers, &header::IF_MATCH).ok().flatten()
    }

    #[test]
    fn only_a_strong_tag_of_this_very_state_matches() {
        let body = r#"{"a":1}"#;
        let own = tag(body);
        assert_ne!(own, tag(r#"{"a":2}"#));
        assert!(tags(&own).unwrap().has(&own));
        assert!(tags(&format!("\"x\", {own}")).unwrap().has(&own));
        assert!(tags("*").unwrap().has(&own));
        assert!(!tags(&format!("W/{own}")).unwrap().has(&own));
        assert!(tags("no tag").is_none());
        assert!(tags("").is_none());
    }
}
