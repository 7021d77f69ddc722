//! The signals that end a process.

/// Returns when the process gets Ctrl-C or SIGTERM.
pub(crate) async fn stop() {
    tokio::select! {
        () = interrupted() => {}
        () = terminated() => {}
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut signals) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        signals.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}
