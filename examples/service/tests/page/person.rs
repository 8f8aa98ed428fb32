//! Somebody with a browser that keeps cookies, and does nothing else by itself.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Method, redirect};

use crate::world::World;

pub(crate) struct Person<'a> {
    pub(crate) world: &'a World,
    pub(crate) cookies: BTreeMap<String, String>,
    client: Client,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// For plain HTTP, whatever else reqwest is built with.
pub(crate) fn client() -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default(); // an error: it is there
    Client::builder()
}

impl<'a> Person<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default()); // an error: it is installed already
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { world, cookies: BTreeMap::new(), client }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    /// With further headers.
    pub(crate) async fn post_with(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send(Method::POST, path, Some(fields), headers).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        fields: Option<&[(&str, &str)]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.world.url));
        if let Some(fields) = fields {
            request = request.form(fields);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    /// Up to the form for the code.
    pub(crate) async fn ask(&mut self, address: &str) {
        let answer = self.post("/sign-in", &[("address", address)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/code"), "{}", answer.body);
    }

    /// All the way, where so many messages were sent before.
    pub(crate) async fn sign_in(&mut self, address: &str, before: u64) {
        self.ask(address).await;
        let code = self.world.code_of(before + 1, address).await;
        let answer = self.post("/code", &[("code", &code)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.body);
    }
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// What an element of that opening tag holds.
    pub(crate) fn inside(&self, tag: &str) -> &str {
        let after = self.body.split_once(tag).unwrap_or_else(|| panic!("no {tag} in {}", self.body)).1;
        after.split_once("</").expect("it is closed").0
    }

    pub(crate) fn title(&self) -> &str {
        self.inside("<title>")
    }

    /// Of a page its title, of a redirect where it leads.
    pub(crate) fn title_or_redirect(&self) -> &str {
        if self.status == 303 { self.location() } else { self.title() }
    }

    pub(crate) fn error(&self) -> &str {
        self.inside(r#"<p id="error" role="alert">"#)
    }
}
