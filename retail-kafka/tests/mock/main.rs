//! Against a broker inside the process, without a network: what has to hold in moments, also while a
//! broker refuses, delays and cuts. Real brokers are in `tests/kafka` of the workspace.

mod cluster;
mod contract;
mod dates;
mod groups;
mod letters;
mod missing;
mod outages;
mod reading;
mod resuming;
mod runs;
