//! Chromium without a screen, told what to do by chromedriver. Both are stopped by their own ids, whatever
//! happens.

use std::fs;
use std::process::Command;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use otp_exchange_trials::{Process, Program, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use axum::http::Method;
use url::Url;

/// What has to be there.
pub(crate) const NEEDS: [Program; 2] = [
    Program { name: "chromedriver", install: "apt-get install chromium chromium-driver" },
    Program { name: "chromium", install: "apt-get install chromium chromium-driver" },
];

const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// chromedriver; dropped, it and all browsers it started are gone, and then their profiles.
pub(crate) struct Driver {
    port: u16,
    _process: Process,
    folder: TempDir,
}

impl Driver {
    /// On a port that it takes itself.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let log = folder.path().join("log");
        let program = NEEDS[0].path().expect("it is there");
        let process = Process::spawn(Command::new(program).arg("--port=0"), &log);
        let port = || {
            let said = fs::read_to_string(&log).ok()?;
            let after = said.split_once("started successfully on port ")?.1;
            after.split_once('.')?.0.parse::<u16>().ok()
        };
        wait_until("chromedriver says its port", PATIENCE, || port().is_some());
        Self { port: port().expect("just said"), _process: process, folder }
    }
}

/// How a browser is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kind {
    pub(crate) without_javascript: bool,
    pub(crate) is_phone: bool,
}

/// One browser with a profile of its own.
pub(crate) struct Browser {
    client: Client,
}

impl Browser {
    pub(crate) async fn open(driver: &Driver, kind: Kind) -> Self {
        let profile = TempDir::new_in(driver.folder.path()).expect("a folder").keep();
        let mut options = json!({
            "binary": NEEDS[1].path().expect("it is there"),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1024,768",
                format!("--user-data-dir={}", profile.display()),
            ],
        });
        if kind.without_javascript {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if kind.is_phone {
            let size = json!({ "width": 360, "height": 640, "pixelRatio": 2, "touch": true });
            options["mobileEmulation"] = json!({ "deviceMetrics": size });
        }
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": options }) else { unreachable!() };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let driver = format!("http://127.0.0.1:{}", driver.port);
        let client = builder.capabilities(capabilities).connect(&driver).await;
        Self { client: client.expect("a browser") }
    }

    pub(crate) async fn close(self) {
        self.client.close().await.expect("closed");
    }

    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.client.back().await.unwrap();
    }

    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    pub(crate) async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    pub(crate) async fn element(&self, css: &str) -> Element {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub(crate) async fn has(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.unwrap()
    }

    pub(crate) async fn value(&self, css: &str) -> String {
        self.element(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// In place of what is in the field.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// And waits for the page it leads to: what was pressed is gone then.
    pub(crate) async fn press(&self, css: &str) {
        let pressed = self.element(css).await;
        pressed.click().await.unwrap();
        let is_gone = async {
            while pressed.tag_name().await.is_ok() {
                tokio::time::sleep(PAUSE).await; // a real browser takes real time
            }
        };
        tokio::time::timeout(PATIENCE, is_gone).await.unwrap_or_else(|_| panic!("{css} leads nowhere"));
    }

    /// Types into whatever has the focus.
    pub(crate) async fn keys(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// The id of what has the focus, or what is written on it.
    pub(crate) async fn focus(&self) -> String {
        let element = self.client.active_element().await.unwrap();
        match element.attr("id").await.unwrap() {
            Some(id) => id,
            None => element.text().await.unwrap(),
        }
    }

    /// The value of a script.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Until a page of that title is there.
    pub(crate) async fn wait_for(&self, title: &str) {
        let script =
            format!("return document.title === {} && document.readyState === 'complete'", json!(title));
        self.wait_until(&script, title).await;
    }

    /// Until that script says so.
    pub(crate) async fn wait_until(&self, script: &str, what: &str) {
        let is_so = async {
            while self.run(script).await != Value::Bool(true) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, is_so).await;
        assert!(
            waited.is_ok(),
            "waited for {what}; there is {} at {}",
            self.title().await,
            self.path().await
        );
    }

    /// Puts a text into the clipboard and pastes it into what has the focus, with the keys that people use.
    pub(crate) async fn paste(&self, css: &str, text: &str) {
        let script = format!(
            "const area = document.body.appendChild(document.createElement('textarea')); area.id = 'copied';
             area.value = {}; area.select();",
            json!(text)
        );
        self.run(&script).await;
        self.element("#copied").await.send_keys("\u{e009}ac\u{e000}").await.unwrap(); // control with a, c
        self.run("document.getElementById('copied').remove()").await;
        self.element(css).await.send_keys("\u{e009}v\u{e000}").await.unwrap();
    }

    /// A command of the browser's own protocol.
    pub(crate) async fn chromium(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Chromium { command, parameters }).await.unwrap()
    }
}

#[derive(Debug)]
struct Chromium {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}
