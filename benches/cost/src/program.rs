//! The same job in several implementations: a GET of a small record.

use std::sync::Arc;

use folio_sdk::FolioClient;
use serde_json::Value;

use crate::Failure;
use crate::by_hand::ByHand;
use crate::direct::Direct;
use crate::user::{ID, Named, PATH, User, WholeUser};

/// The implementation, and the type that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The SDK, `folio_get`.
    Ours(Reads),
    /// The SDK, `get_user`.
    Typed,
    /// The one over reqwest.
    ByHand(Reads),
    /// The one over hyper-util.
    Direct(Reads),
}

/// The type into which a call by path reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// `serde_json::Value`.
    Value,
    /// The struct of four fields.
    Few,
    /// The struct of all fields, which preserves unknown ones, as the record of the typed call does.
    All,
}

impl Program {
    /// All, with their names for the command line.
    pub const ALL: [(&'static str, Self); 8] = [
        ("value", Self::Ours(Reads::Value)),
        ("ours", Self::Ours(Reads::Few)),
        ("typed", Self::Typed),
        ("by-hand-value", Self::ByHand(Reads::Value)),
        ("by-hand", Self::ByHand(Reads::Few)),
        ("whole", Self::ByHand(Reads::All)),
        ("direct-value", Self::Direct(Reads::Value)),
        ("direct", Self::Direct(Reads::Few)),
    ];

    /// The program of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, program)| *program).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name).join(", ");
            format!("`{name}` is not one of {names}").into()
        })
    }
}

/// A program that is logged in, with its number of concurrent calls.
#[derive(Clone, Debug)]
pub struct Ready {
    client: Client,
    reads: Option<Reads>,
}

#[derive(Clone, Debug)]
enum Client {
    Ours(FolioClient),
    ByHand(Arc<ByHand>),
    Direct(Arc<Direct>),
}

impl Ready {
    /// Logs in.
    ///
    /// # Errors
    /// The server is not there.
    pub async fn connect(program: Program, url: &str, in_flight: usize) -> Result<Self, Failure> {
        let (client, reads) = match program {
            Program::Ours(reads) => (Client::Ours(ours(url, in_flight).await?), Some(reads)),
            Program::Typed => (Client::Ours(ours(url, in_flight).await?), None),
            Program::ByHand(reads) => {
                let client = ByHand::connect(url, in_flight).await?;
                (Client::ByHand(client), Some(reads))
            }
            Program::Direct(reads) => {
                let client = Direct::connect(url, in_flight).await?;
                (Client::Direct(client), Some(reads))
            }
        };
        Ok(Self { client, reads })
    }

    async fn calls(self, number: usize) -> Result<(), Failure> {
        for _ in 0..number {
            match (&self.client, self.reads) {
                (Client::Ours(folio), None) => check(&folio.users().get_user(ID).send().await?),
                (Client::Ours(folio), Some(Reads::Value)) => {
                    check(&folio.folio_get::<Value>(PATH, None).await?)
                }
                (Client::Ours(folio), Some(Reads::Few)) => {
                    check(&folio.folio_get::<User>(PATH, None).await?)
                }
                (Client::Ours(folio), Some(Reads::All)) => {
                    check(&folio.folio_get::<WholeUser>(PATH, None).await?)
                }
                (Client::ByHand(client), Some(Reads::Value)) => {
                    check(&client.get::<Value>().await?)
                }
                (Client::ByHand(client), Some(Reads::Few)) => check(&client.get::<User>().await?),
                (Client::ByHand(client), _) => check(&client.get::<WholeUser>().await?),
                (Client::Direct(client), Some(Reads::Value)) => {
                    check(&client.get::<Value>().await?)
                }
                (Client::Direct(client), Some(Reads::Few)) => check(&client.get::<User>().await?),
                (Client::Direct(client), _) => check(&client.get::<WholeUser>().await?),
            }?;
        }
        Ok(())
    }

    /// Makes `number` calls in as many tasks as are to be in flight.
    ///
    /// # Errors
    /// A call failed.
    pub async fn run(&self, number: usize, in_flight: usize) -> Result<(), Failure> {
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| tokio::spawn(self.clone().calls(number / in_flight)))
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    }
}

fn check(record: &impl Named) -> Result<(), Failure> {
    match record.name() {
        Some("ann") => Ok(()),
        other => Err(format!("the user {other:?} came").into()),
    }
}

/// A client of the SDK for a number of concurrent calls, logged in.
async fn ours(url: &str, in_flight: usize) -> Result<FolioClient, Failure> {
    Ok(FolioClient::builder(url)
        .tenant("diku")
        .credentials("ann", "secret")
        .max_in_flight(in_flight)
        .connect()
        .await?)
}
