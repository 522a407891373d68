//! What servers of constants have in common.

use std::env;

use serde::Deserialize;

use crate::Outcome;

/// The body of a request for a prediction.
#[derive(Debug, Deserialize)]
pub struct Sale {
    /// Pieces.
    pub quantity: f64,
    /// Of one piece.
    pub price: f64,
    /// Of all pieces.
    pub total_amount: Option<f64>,
    /// From 1.
    pub month: f64,
    /// From 1.
    pub day: f64,
    /// From 0.
    pub hour: f64,
}

/// What such a server is told.
#[derive(Debug)]
pub struct Arguments {
    /// Where it listens, on the loopback interface.
    pub port: u16,
    /// What it answers.
    pub answer: &'static str,
}

impl Arguments {
    /// Reads `PORT ANSWER` from the command line.
    ///
    /// # Errors
    /// If there is anything else.
    pub fn read() -> Outcome<Self> {
        let given: Vec<String> = env::args().skip(1).collect();
        let [port, answer] = given.as_slice() else {
            return Err("usage: PORT ANSWER".into());
        };
        Ok(Self {
            port: port.parse()?,
            answer: answer.clone().leak(),
        })
    }
}
