//! Measures the sandbox: its start time, and the cost of pages and searches.
//!
//! `sandbox-speed [RECORDS]` starts itself once more as a server, so that only the server's CPU
//! time is counted (of all its threads, including the kernel), and sends requests over plain
//! connections. `sandbox-speed [RECORDS] FILE…` loads records from files instead of generating
//! them: JSON Lines, whose names are the paths of collections with `.` for `/`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use folio_sandbox::Sandbox;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "server") {
        return serve(&arguments.split_off(1));
    }
    let records = arguments
        .first()
        .map_or(Ok(1_000_000), |first| first.parse::<u32>())?;
    println!("{:<58} {:>9} {:>9}", "", "time ms", "CPU ms");
    many_at_once()?;
    let mut empty = Server::start("0", &[])?;
    empty.report("ready without data", empty.ready);
    drop(empty);
    let files = arguments.get(1..).unwrap_or_default();
    let mut server = Server::start(&records.to_string(), files)?;
    server.report(&format!("ready with {records} of each"), server.ready);
    server.login()?;
    println!("{:<58} {:>9} MB in memory", "", server.memory()? / 1_024);
    for (what, path) in requests(&mut server, records)? {
        // The first request of its kind builds a missing index.
        for (times, note) in [(1, "first"), (20, "then")] {
            let before = server.cpu()?;
            let start = Instant::now();
            let mut length = 0;
            for _ in 0..times {
                length = server.get(&path)?.len();
            }
            let (time, cpu) = (start.elapsed() / times, (server.cpu()? - before) / times);
            println!(
                "{:<58} {:>9.1} {:>9.1}   {length} bytes",
                format!("{what}, {note}"),
                time.as_secs_f64() * 1e3,
                cpu.as_secs_f64() * 1e3
            );
        }
    }
    println!("{:<58} {:>9} MB in memory", "", server.memory()? / 1_024);
    server.headers.insert("accept-encoding", "gzip".to_owned());
    let path = "/instance-storage/instances?limit=1000&query=id%3E80000000-0000-4000-8000-000000000000%20sortby%20id";
    let before = server.cpu()?;
    let length = server.ask("GET", path, "")?.len();
    let cpu = (server.cpu()? - before).as_secs_f64() * 1e3;
    println!(
        "{:<58} {:>9} {cpu:>9.1}   {length} bytes",
        "1,000 by id, compressed", ""
    );
    Ok(())
}

/// The requests and their parameters.
fn requests(server: &mut Server, records: u32) -> Result<Vec<(&'static str, String)>> {
    let instances = "/instance-storage/instances";
    let middle = records / 2;
    let barcode = {
        let path = format!("/item-storage/items?limit=1&offset={middle}");
        let page: Value = serde_json::from_str(&server.get(&path)?)?;
        page.pointer("/items/0/barcode")
            .and_then(Value::as_str)
            .unwrap_or("3000000000000")
            .to_owned()
    };
    let page = |query: &str| {
        let query = query
            .replace(' ', "%20")
            .replace('>', "%3E")
            .replace('"', "%22");
        format!("{instances}?limit=1000&query={query}")
    };
    Ok(vec![
        (
            "1,000 by id, from the beginning",
            page("id>00000000-0000-4000-8000-000000000000 sortby id"),
        ),
        (
            "1,000 by id, from the middle",
            page("id>80000000-0000-4000-8000-000000000000 sortby id"),
        ),
        (
            "1,000 by id, near the end",
            page("id>fe000000-0000-4000-8000-000000000000 sortby id"),
        ),
        (
            "1,000 by offset, from the middle",
            format!("{instances}?limit=1000&offset={middle}"),
        ),
        (
            "1,000 by title, from the beginning",
            page("cql.allRecords=1 sortby title"),
        ),
        (
            "1,000 by title, from the middle",
            format!("{}&offset={middle}", page("cql.allRecords=1 sortby title")),
        ),
        (
            "10 of a common word in the title",
            format!("{instances}?query=title=harbour"),
        ),
        (
            "10 of a phrase in the title",
            format!("{instances}?query=title=%22the%20quiet%20harbour%22"),
        ),
        (
            "1,000 of two words in the title, by title",
            page("title all \"the harbour\" sortby title"),
        ),
        (
            "10 of a word in contributors",
            format!("{instances}?query=contributors=ellery"),
        ),
        (
            "one item by its barcode",
            format!("/item-storage/items?query=barcode=={barcode}"),
        ),
        (
            "instances by the barcode of an item",
            format!("{instances}?query=item.barcode=={barcode}"),
        ),
    ])
}

/// Runs the server until its input ends.
fn serve(arguments: &[String]) -> Result<()> {
    let (records, files) = arguments.split_first().ok_or("how many records?")?;
    let records: u32 = records.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut builder = Sandbox::builder();
    if files.is_empty() {
        builder = builder.generated(records);
    }
    let sandbox = runtime.block_on(builder.start())?;
    for file in files {
        let name = std::path::Path::new(file)
            .file_stem()
            .ok_or("a file without a name")?
            .to_string_lossy()
            .replace('.', "/");
        let lines = BufReader::new(std::fs::File::open(file)?).lines();
        let mut some = Vec::new();
        for line in lines.take(records as usize) {
            some.push(serde_json::from_str(&line?)?);
            if some.len() == 10_000 {
                sandbox.load("diku", &name, std::mem::take(&mut some))?;
            }
        }
        sandbox.load("diku", &name, some)?;
    }
    println!("{}", sandbox.url());
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// 500 sandboxes in one process, side by side.
fn many_at_once() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let start = Instant::now();
    let mut sandboxes = Vec::new();
    for _ in 0..500 {
        sandboxes.push(runtime.block_on(Sandbox::builder().start())?);
    }
    let time = start.elapsed();
    let urls: std::collections::BTreeSet<&str> = sandboxes.iter().map(Sandbox::url).collect();
    assert_eq!(urls.len(), 500);
    println!(
        "{:<58} {:>9.1}",
        "500 sandboxes side by side are ready",
        time.as_secs_f64() * 1e3
    );
    Ok(())
}

/// A server in a separate process.
struct Server {
    child: Child,
    url: String,
    headers: BTreeMap<&'static str, String>,
    ready: Duration,
}

impl Server {
    fn start(records: &str, files: &[String]) -> Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["server", records])
            .args(files)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let out = child.stdout.as_mut().ok_or("no output")?;
        BufReader::new(out).read_line(&mut url)?;
        Ok(Self {
            child,
            url: url.trim().trim_start_matches("http://").to_owned(),
            headers: BTreeMap::from([
                ("x-okapi-tenant", "diku".to_owned()),
                ("content-type", "application/json".to_owned()),
            ]),
            ready: start.elapsed(),
        })
    }

    fn report(&mut self, what: &str, time: Duration) {
        let cpu = self.whole_cpu().unwrap_or_default();
        println!(
            "{what:<58} {:>9.1} {:>9.1}",
            time.as_secs_f64() * 1e3,
            cpu.as_secs_f64() * 1e3
        );
    }

    /// The CPU time of its current threads, exactly.
    fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds: u64 = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The CPU time of all its threads so far, to a hundredth of a second.
    fn whole_cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .split(' ')
            .collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<u64>().ok())
        };
        let ticks = ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The memory in use, in kB.
    fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    fn login(&mut self) -> Result<()> {
        let body = r#"{"username":"diku_admin","password":"admin"}"#;
        let answer = self.ask("POST", "/authn/login", body)?;
        let token = answer
            .lines()
            .find_map(|line| line.strip_prefix("x-okapi-token: "))
            .ok_or("no token")?;
        self.headers
            .insert("x-okapi-token", token.trim().to_owned());
        Ok(())
    }

    fn get(&mut self, path: &str) -> Result<String> {
        let answer = self.ask("GET", path, "")?;
        if !answer.starts_with("HTTP/1.1 200") {
            return Err(answer.into());
        }
        Ok(answer
            .split_once("\r\n\r\n")
            .map_or(String::new(), |(_, body)| body.to_owned()))
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut socket = TcpStream::connect(&self.url)?;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.url,
            body.len()
        );
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        socket.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
