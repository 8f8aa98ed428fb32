//! The OpenAPI document: what the routes do not say themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::NestedPath;
use axum::extract::rejection::NestedPathRejection;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use otp_exchange::Purpose;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder, Schema, Type as Kind,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::api::Api;
use crate::codes::CodeRequest;
use crate::oauth::OAuthError;
use crate::problem::{Document, Problem};
use crate::problems::{self, Type};

/// The document before any route is in it.
pub(crate) fn base(introspection: bool) -> OpenApi {
    let info = InfoBuilder::new()
        .title("One-time passcodes")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Codes by SMS or email, exchanged for tokens. Errors are problem documents (RFC 9457) whose `type` does not \
             change; those of the tokens' endpoints are the ones of RFC 6749.",
        ))
        .build();
    let mut components = ComponentsBuilder::new()
        .schema(<Document<'_> as ToSchema>::name(), <Document<'_> as PartialSchema>::schema())
        .schema(<OAuthError as ToSchema>::name(), <OAuthError as PartialSchema>::schema());
    if introspection {
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
        let basic = basic.description(Some("The name and secret of a service that is handed access tokens"));
        components = components.security_scheme("caller", SecurityScheme::Http(basic.build()));
    }
    OpenApiBuilder::new().info(info).components(Some(components.build())).build()
}

/// Names the purposes there are, which no type says.
pub(crate) fn name_purposes(document: &mut OpenApi, purposes: &[Purpose]) {
    let request = <CodeRequest as ToSchema>::name();
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    let request = schemas.and_then(|schemas| schemas.get_mut(&*request));
    if let Some(RefOr::T(Schema::Object(request))) = request
        && let Some(RefOr::T(Schema::Object(purpose))) = request.properties.get_mut("purpose")
    {
        let names = purposes.iter().map(|purpose| Value::from(purpose.as_str()));
        purpose.enum_values = Some(names.chain([Value::Null]).collect());
    }
}

/// Serves the finished document. Where the router is nested, only a request shows.
pub(crate) fn route(document: OpenApi) -> Router<Arc<Api>> {
    let document = Arc::new(serde_json::to_value(document).unwrap_or_default()); // maps with texts as keys: it cannot fail
    let serve = move |nested: Result<NestedPath, NestedPathRejection>| {
        let mut document = Value::clone(&document);
        async move {
            if let Ok(at) = nested {
                document["servers"] = serde_json::json!([{ "url": at.as_str() }]);
            }
            Json(document)
        }
    };
    Router::new().route("/openapi.json", get(serve))
}

/// Problems of one operation, as the document shows them: for each status an example of each type.
macro_rules! answers {
    ($($name:ident = [$($of:ident),*] $(+ [$($oauth:ident),*])?;)*) => {$(
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                #[allow(unused_mut)] // where nothing of OAuth's is added
                let mut responses = documented(&[$(&problems::$of),*]);
                $(responses.extend(oauth(&[$(OAuthError::$oauth),*]));)?
                responses
            }
        }
    )*};
}

answers! {
    AskProblems = [INVALID_BODY, INVALID_FIELD, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, THROTTLED, INTERNAL, UNAVAILABLE];
    ResendProblems = [GONE, THROTTLED, UNAVAILABLE];
    LookProblems = [GONE, UNAVAILABLE];
    TakeBackProblems = [UNAVAILABLE];
    ExchangeProblems = [
        INVALID_BODY, INVALID_FIELD, NOT_A_CODE, REFUSED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, THROTTLED, INTERNAL, UNAVAILABLE
    ];
    TokenProblems = [TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE]
        + [INVALID_REQUEST, INVALID_GRANT, INVALID_SCOPE, UNSUPPORTED_GRANT_TYPE];
    RevokeProblems = [TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE] + [INVALID_REQUEST];
    IntrospectProblems = [UNAUTHENTICATED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE] + [INVALID_REQUEST];
}

fn documented(types: &[&'static Type]) -> BTreeMap<String, RefOr<Response>> {
    let mut of_status = BTreeMap::<StatusCode, Vec<Problem>>::new();
    for of in types {
        of_status.entry(of.status).or_default().push(example(of));
    }
    of_status
        .into_iter()
        .map(|(status, problems)| (status.as_str().to_owned(), response(&problems)))
        .collect()
}

/// The answer of one status, with what it may be.
fn response(problems: &[Problem]) -> RefOr<Response> {
    let titles: Vec<_> = problems.iter().map(|problem| problem.kind().title).collect();
    let examples = problems.iter().map(|problem| {
        let fragment = problem.kind().uri.rsplit('#').next().unwrap_or_default();
        (fragment, shown(problem.kind().title, &problem.document()))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(<Document<'_> as ToSchema>::name())))
        .examples_from_iter(examples)
        .build();
    let mut response =
        ResponseBuilder::new().description(titles.join(", or ")).content("application/problem+json", content);
    if problems.iter().any(|problem| problem.retry_after().is_some()) {
        let seconds = ObjectBuilder::new().schema_type(Kind::Integer).build();
        let retry_after = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds"));
        response = response.header("Retry-After", retry_after.build());
    }
    if problems.iter().any(|problem| problem.kind().status == StatusCode::UNAUTHORIZED) {
        let text = ObjectBuilder::new().schema_type(Kind::String).build();
        let challenge = HeaderBuilder::new().schema(Some(text)).description(Some("How to authenticate"));
        response = response.header("WWW-Authenticate", challenge.build());
    }
    RefOr::T(response.build())
}

fn oauth(errors: &[OAuthError]) -> [(String, RefOr<Response>); 1] {
    let examples = errors.iter().map(|error| (error.error, shown(error.error, error)));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(<OAuthError as ToSchema>::name())))
        .examples_from_iter(examples)
        .build();
    let response = ResponseBuilder::new().description("Refused (RFC 6749 section 5.2)");
    [("400".to_owned(), RefOr::T(response.content("application/json", content).build()))]
}

fn shown(summary: &str, value: &impl Serialize) -> Example {
    ExampleBuilder::new().summary(summary).value(serde_json::to_value(value).ok()).build()
}

/// A problem of that type as it may be.
fn example(of: &'static Type) -> Problem {
    use std::time::Duration;
    match of {
        of if *of == problems::THROTTLED => Problem::throttled(Duration::from_secs(30)),
        of if *of == problems::UNAVAILABLE => Problem::unavailable(),
        of if *of == problems::REFUSED => Problem::refused(Some(4)),
        of if *of == problems::INTERNAL => Problem::internal(),
        of if *of == problems::INVALID_FIELD => Problem::field("to", "is missing"),
        of if *of == problems::NOT_A_CODE => Problem::of_field(of, "code", "nothing was typed"),
        of => Problem::new(of, of.title),
    }
}
