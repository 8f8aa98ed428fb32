//! Starts the service, and ends it in order.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use service::{LogFormat, Ports, Service, Settings};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// How long requests that are under way may take when the service is told to end.
const FOR_REQUESTS: Duration = Duration::from_secs(15);
/// How long messages may take then.
const FOR_MESSAGES: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let settings = Settings::parse();
    log(settings.log);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run(&settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

async fn run(settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let ports = Ports::of(settings).await?;
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
        format!("--listen: {}: {error}; name a free port of this machine, or 0 to take any", settings.listen)
    })?;
    let mut settings = settings.clone();
    settings.listen = listener.local_addr()?; // the port that was taken, where any would do
    let service = Service::new(&settings, &ports)?;
    tracing::info!(address = %settings.listen, origin = settings.origin().as_str(), "listening");

    let (told, mut ends) = tokio::sync::watch::channel(());
    let app = service.router().into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        end_is_asked_for().await;
        tracing::info!("ending: what is under way is finished");
        drop(told);
    });
    let out_of_patience = async {
        let _ = ends.changed().await; // an error, once the sender is gone
        tokio::time::sleep(FOR_REQUESTS).await;
    };
    tokio::select! {
        ended = server => {
            ended?;
            tracing::info!("every request is answered; messages that are under way are handed over");
        }
        // Somebody who sends half a request must not cost others their messages.
        () = out_of_patience => tracing::warn!("requests were cut off; messages that are under way are handed over"),
    }
    let finished = tokio::time::timeout(FOR_MESSAGES, service.finish()).await;
    finished.map_err(|_| "ended with messages still under way".into())
}

/// Ctrl-C, or what a process manager sends.
async fn end_is_asked_for() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await; // an error leaves nothing to wait for
}

fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let begun = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = begun.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => begun.init(),
        LogFormat::Json => begun.json().flatten_event(true).init(),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}
