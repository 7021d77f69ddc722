//! Programs that are started for a test, with a configuration in their own directory, and end with
//! it.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use folio_sdk::{FolioClient, FolioClientBuilder};

use crate::server::{PASSWORD, quick};
use crate::tls::Authority;

/// A folder that is removed with everything in it.
pub struct Folder(pub PathBuf);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!(
            "folio-sdk-gateways-{}-{number}",
            std::process::id()
        ));
        fs::create_dir_all(&path).unwrap();
        // squid gives up root, and writes here as another user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port on which nothing listens. Another program can take it before it is used; then the test
/// fails with the program's own message.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A running program.
pub struct Process {
    child: Child,
    pub port: u16,
    pub folder: Folder,
}

/// The program, if it is installed; otherwise prints a message.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        println!(
            "SKIPPED: {name} is not installed, and this test needs it: apt-get install {name}"
        );
    }
    found
}

impl Process {
    /// Starts a program and waits until it listens. None if it is not installed.
    fn start(
        name: &str,
        folder: Folder,
        port: u16,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Option<Self> {
        let program = installed(name)?;
        let output = fs::File::create(folder.0.join("output")).unwrap();
        let child = Command::new(program)
            .args(arguments(&folder.0))
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut process = Self {
            child,
            port,
            folder,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
            let ended = process.child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                panic!("{name} does not listen ({ended:?}): {}", process.output());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(process)
    }

    /// Its output.
    pub fn output(&self) -> String {
        ["output", "error.log", "cache.log"]
            .map(|name| fs::read_to_string(self.folder.0.join(name)).unwrap_or_default())
            .concat()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx ends its workers on a shutdown signal, not when it is killed.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .stderr(Stdio::null())
                .status();
        }
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway with a certificate of an authority of its own.
pub struct Gateway {
    pub process: Process,
    pub authority: Authority,
}

impl Gateway {
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.process.port)
    }

    pub fn builder(&self) -> FolioClientBuilder {
        self.builder_at(&self.url())
    }

    /// A client that reaches it at another address.
    pub fn builder_at(&self, url: &str) -> FolioClientBuilder {
        FolioClient::builder(url)
            .tenant("diku")
            .credentials("ann", PASSWORD)
            .no_proxy()
            .only_root_certificates(self.authority.pem.clone())
            .retry(quick())
    }
}

/// The test-specific part of an nginx configuration.
#[derive(Default)]
pub struct Nginx<'a> {
    /// Of the section `http`.
    pub http: &'a str,
    /// Of the section `server`.
    pub server: &'a str,
    /// Of the location `/`.
    pub location: &'a str,
    /// Its listen options: `ssl http2` by default.
    pub listen: Option<&'a str>,
}

impl Nginx<'_> {
    /// nginx with TLS and HTTP/2 in front of the address of a server.
    pub fn start(self, upstream: &str) -> Option<Gateway> {
        let authority = Authority::new();
        let process = self.process(&authority, upstream)?;
        Some(Gateway { process, authority })
    }

    pub fn process(self, authority: &Authority, upstream: &str) -> Option<Process> {
        let (folder, port) = (Folder::new(), free_port());
        let (certificate, key) = authority.certificate("127.0.0.1");
        folder.write("cert.pem", &certificate);
        folder.write("key.pem", &key);
        folder.write("ca.pem", &authority.pem);
        let at = folder.0.display();
        let Nginx {
            http,
            server,
            location,
            listen,
        } = self;
        let listen = listen.unwrap_or("ssl http2");
        folder.write(
            "nginx.conf",
            &format!(
                "daemon off;
                user root;
                worker_processes 1;
                pid {at}/nginx.pid;
                error_log {at}/error.log info;
                events {{ worker_connections 512; }}
                http {{
                    access_log {at}/access.log;
                    client_body_temp_path {at}/body;
                    proxy_temp_path {at}/proxy;
                    fastcgi_temp_path {at}/fastcgi;
                    uwsgi_temp_path {at}/uwsgi;
                    scgi_temp_path {at}/scgi;
                    {http}
                    server {{
                        listen 127.0.0.1:{port} {listen};
                        ssl_certificate {at}/cert.pem;
                        ssl_certificate_key {at}/key.pem;
                        {server}
                        location / {{
                            {location}
                            proxy_pass {upstream};
                            proxy_http_version 1.1;
                            proxy_set_header Connection \"\";
                        }}
                    }}
                }}
                "
            ),
        );
        Process::start("nginx", folder, port, |folder| {
            let folder = folder.display();
            [
                "-p",
                &format!("{folder}"),
                "-c",
                &format!("{folder}/nginx.conf"),
                "-e",
                &format!("{folder}/error.log"),
            ]
            .map(str::to_owned)
            .into()
        })
    }
}

/// haproxy with TLS and HTTP/2 in front of the address of a server. `backend` is more of its section.
pub fn haproxy(upstream: &str, backend: &str) -> Option<Gateway> {
    let authority = Authority::new();
    let (folder, port) = (Folder::new(), free_port());
    let (certificate, key) = authority.certificate("127.0.0.1");
    folder.write("both.pem", &format!("{certificate}\n{key}"));
    let at = folder.0.display();
    let upstream = upstream.trim_start_matches("http://");
    folder.write(
        "haproxy.cfg",
        &format!(
            "global
    maxconn 256
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port} ssl crt {at}/both.pem alpn h2,http/1.1
    default_backend out
backend out
    {backend}
    server folio {upstream}
"
        ),
    );
    let process = Process::start("haproxy", folder, port, |folder| {
        let file = format!("{}/haproxy.cfg", folder.display());
        vec!["-db".to_owned(), "-f".to_owned(), file]
    })?;
    Some(Gateway { process, authority })
}

/// squid as a forward proxy that wants the user `campus` with the password `right`. `rules` come
/// before its own.
pub fn squid(rules: &str) -> Option<Process> {
    let (folder, port) = (Folder::new(), free_port());
    let at = folder.0.display();
    let helper = folder.write(
        "users.sh",
        "#!/bin/sh\nwhile read user password; do\n  if [ \"$user $password\" = 'campus right' ]; then echo OK; else echo ERR; fi\ndone\n",
    );
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    folder.write(
        "squid.conf",
        &format!(
            "http_port 127.0.0.1:{port}
pid_filename {at}/squid.pid
access_log none
cache_log {at}/cache.log
coredump_dir {at}
cache deny all
cache_mem 8 MB
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
auth_param basic program {at}/users.sh
auth_param basic children 1
acl known proxy_auth REQUIRED
{rules}
http_access allow known
http_access deny all
"
        ),
    );
    Process::start("squid", folder, port, |folder| {
        let file = format!("{}/squid.conf", folder.display());
        vec!["-N".to_owned(), "-f".to_owned(), file]
    })
}
