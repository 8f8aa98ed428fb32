//! Takes the picture of the sign-in page that the documentation shows, `docs/sign-in.png`: both forms, on a
//! phone.
//!
//! ```text
//! cargo run -p service --example screenshot
//! ```
//!
//! It needs Chromium and chromedriver.

#[path = "../tests/page_browser/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "../tests/page/world.rs"]
#[allow(dead_code)]
mod world;

use std::error::Error;
use std::path::Path;

use base64ct::{Base64, Encoding};
use browser::{Browser, Driver, Kind, NEEDS};
use serde_json::json;
use world::World;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Some(missing) = NEEDS.iter().find(|program| program.path().is_none()) {
        return Err(missing.to_string().into());
    }
    let world = World::start(&["--application", "ACME"]).await;
    let driver = Driver::start();
    let phone = Browser::open(&driver, Kind { is_phone: true, ..Kind::default() }).await;

    phone.go(&world.url).await;
    phone.write("#address", "ada@example.org").await;
    let first = picture(&phone, 360).await;
    phone.press("form button").await;
    phone.write("#code", "123 456").await;
    let second = picture(&phone, 360).await;
    phone.close().await;

    // Side by side.
    let table = Browser::open(&driver, Kind::default()).await;
    table.go("about:blank").await;
    let images = [first, second].map(|data| format!("<img width=360 src='data:image/png;base64,{data}'>"));
    table
        .run(&format!(
            "document.body.style = 'margin: 0; display: flex; align-items: start'; document.body.innerHTML = `{}`",
            images.concat()
        ))
        .await;
    table.wait_until("return [...document.images].every((image) => image.complete)", "both pictures").await;
    let both = picture(&table, 720).await;
    table.close().await;

    let png = Base64::decode_vec(&both)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sign-in.png");
    std::fs::write(&path, &png)?;
    println!("docs/sign-in.png: {} bytes", png.len());
    Ok(())
}

/// A part of the page, 528 high, as a PNG in base64.
async fn picture(browser: &Browser, width: u32) -> String {
    let clip = json!({ "x": 0, "y": 0, "width": width, "height": 528, "scale": 1 });
    let taken = browser.chromium("Page.captureScreenshot", json!({ "format": "png", "clip": clip })).await;
    taken["data"].as_str().expect("a picture").to_owned()
}
