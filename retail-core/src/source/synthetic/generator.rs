use std::fmt::Write as _;

use rand::{Rng, SeedableRng};
use rand_distr::{Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::calendar::Calendar;
use super::catalogue::{Catalogue, price_point};
use super::customers::{Customer, Customers, HOME};
use super::dirt::Dirt;
use super::params::SyntheticValidParams;
use super::weights::pick;
use crate::record::TransactionRef;
use crate::time::Timestamp;

/// Rows in the shape of *Online Retail*, one after the other.
pub(super) struct Generator {
    params: SyntheticValidParams,
    catalogue: Catalogue,
    customers: Customers,
    state: State,
}

/// What changes from row to row.
struct State {
    rng: Xoshiro256PlusPlus,
    /// Apart, so that the share of dirty rows leaves the others as they are.
    dirt_rng: Xoshiro256PlusPlus,
    calendar: Calendar,
    /// Rows generated.
    rows: u64,
    /// Invoices begun.
    invoices: u64,
    invoice: Invoice,
}

/// What the rows of one invoice share.
struct Invoice {
    kind: Kind,
    number: String,
    date: Timestamp,
    customer: Option<Customer>,
    /// Rows still to come.
    rows: u32,
    /// Whether postage is still to be charged.
    postage: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A sale to a known customer.
    Sale,
    /// Sales to whoever came along, dearer and in small numbers.
    Counter,
    /// A stock movement, mostly goods written off.
    Stock,
    /// Goods that came back.
    Cancellation,
    /// A correction of the books.
    Adjustment,
}

const KINDS: [(Kind, u32); 5] = [
    (Kind::Sale, 6_950),
    (Kind::Counter, 750),
    (Kind::Stock, 740),
    (Kind::Cancellation, 1_558),
    (Kind::Adjustment, 2),
];
const FIRST_INVOICE: u64 = 536_365;
const PIECES: [(i64, u32); 5] = [(1, 53), (2, 29), (3, 9), (4, 6), (5, 3)];

/// The text and the numbers of one row.
struct Line<'a> {
    stock_code: &'a str,
    description: &'a str,
    quantity: i64,
    pence: i64,
}

impl Generator {
    pub(super) fn new(params: SyntheticValidParams) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(params.seed);
        Self {
            catalogue: Catalogue::new(params.products, &mut rng),
            customers: Customers::new(params.customers, &mut rng),
            state: State::new(&params),
            params,
        }
    }

    pub(super) fn params(&self) -> &SyntheticValidParams {
        &self.params
    }

    /// Rows generated so far.
    pub(super) fn rows(&self) -> u64 {
        self.state.rows
    }

    pub(super) fn rewind(&mut self) {
        self.state = State::new(&self.params);
    }

    /// The next row as it should be, and what spoils it; `None` after the last.
    pub(super) fn next(&mut self) -> Option<(TransactionRef<'_>, Option<Dirt>)> {
        let state = &mut self.state;
        if state.rows == self.params.rows {
            return None;
        }
        if state.invoice.rows == 0 {
            state.begin_invoice(&self.customers);
        }
        let dirt = Dirt::draw(self.params.dirty, &mut state.dirt_rng);
        let timestamp = self.params.time.stamp(state.rows);
        state.rows += 1;
        state.invoice.rows -= 1;
        let line = line(&mut state.invoice, &self.catalogue, &mut state.rng);
        let invoice = &state.invoice;
        let row = TransactionRef {
            invoice: &invoice.number,
            stock_code: line.stock_code,
            description: line.description,
            quantity: line.quantity,
            invoice_date: invoice.date,
            price: line.pence as f64 / 100.0,
            customer_id: invoice.customer.map(|customer| customer.id),
            country: invoice.customer.map_or(HOME, |customer| customer.country),
            timestamp,
        };
        Some((row, dirt))
    }
}

impl State {
    fn new(params: &SyntheticValidParams) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(params.seed);
        rng.jump();
        let mut dirt_rng = rng.clone();
        dirt_rng.jump();
        Self {
            rng,
            dirt_rng,
            calendar: Calendar::new(params.first_day),
            rows: 0,
            invoices: 0,
            invoice: Invoice {
                kind: Kind::Sale,
                number: String::new(),
                date: Timestamp::EPOCH,
                customer: None,
                rows: 0,
                postage: false,
            },
        }
    }

    fn begin_invoice(&mut self, customers: &Customers) {
        let rng = &mut self.rng;
        let invoice = &mut self.invoice;
        invoice.date = self.calendar.next(rng);
        invoice.kind = pick(&KINDS, rng).copied().unwrap_or(Kind::Sale);
        invoice.customer = match invoice.kind {
            Kind::Sale => customers.draw(rng).copied(),
            Kind::Cancellation if rng.gen_bool(0.95) => customers.draw(rng).copied(),
            _ => None,
        };
        let abroad = invoice.customer.is_some_and(|c| c.country != HOME);
        invoice.postage = invoice.kind == Kind::Sale && abroad && rng.gen_bool(0.5);
        // Fitted to the rows per invoice of Online Retail: exponential for customers, log-normal
        // for a day's takings at the counter.
        let size: f64 = match invoice.kind {
            Kind::Sale => 1.0 + 19.3 * rng.sample::<f64, _>(Exp1),
            Kind::Counter => 1.0 + 24.0 * (1.5 * rng.sample::<f64, _>(StandardNormal)).exp(),
            Kind::Cancellation => 1.0 + 1.7 * rng.sample::<f64, _>(Exp1),
            Kind::Stock | Kind::Adjustment => 1.0,
        };
        invoice.rows = size.min(700.0) as u32;
        invoice.number.clear();
        let letter = match invoice.kind {
            Kind::Cancellation => "C",
            Kind::Adjustment => "A",
            Kind::Sale | Kind::Counter | Kind::Stock => "",
        };
        // Writing to a string cannot fail.
        let _ = write!(invoice.number, "{letter}{}", FIRST_INVOICE + self.invoices);
        self.invoices += 1;
    }
}

fn line<'a>(invoice: &mut Invoice, catalogue: &'a Catalogue, rng: &mut impl Rng) -> Line<'a> {
    let special = |stock_code, description, quantity, pence| Line {
        stock_code,
        description,
        quantity,
        pence,
    };
    if std::mem::take(&mut invoice.postage) {
        return special("POST", "POSTAGE", rng.gen_range(1..=4), 1_800);
    }
    if invoice.kind == Kind::Adjustment {
        let pence = rng.gen_range(-1_200_000..1_200_000);
        return special("B", "Adjust bad debt", 1, pence);
    }
    let Some(product) = catalogue.draw(rng) else {
        return special("M", "Manual", 1, 100);
    };
    let full = i64::from(product.pence);
    let sold = |description, quantity, pence| Line {
        stock_code: &product.code,
        description,
        quantity,
        pence,
    };
    let name = product.description.as_str();
    match invoice.kind {
        Kind::Stock => {
            let amount: f64 = rng.sample::<f64, _>(Exp1) * 60.0;
            let amount = 1 + amount as i64;
            match rng.gen_range(0..10_u8) {
                0..7 => sold("damages", -amount, 0),
                7..9 => sold("", amount, 0),
                _ => sold(name, 1, full),
            }
        }
        Kind::Counter => {
            let pieces = pick(&PIECES, rng).copied().unwrap_or(1);
            let more: f64 = rng.sample(Exp1);
            let quantity = pieces + (more - 1.5).clamp(0.0, 8.0).exp_m1() as i64;
            // Tax and a margin on top give prices like 2.46 and 4.13.
            sold(name, quantity, (full * 5 + 1) / 3)
        }
        Kind::Sale | Kind::Cancellation | Kind::Adjustment => {
            if rng.gen_bool(0.001) {
                let level: f64 = rng.sample(StandardNormal);
                let pence = (2_000.0 * (1.5 * level).exp()) as i64;
                let quantity = if invoice.kind == Kind::Sale { 1 } else { -1 };
                return special("M", "Manual", quantity, pence);
            }
            let appetite = invoice.customer.map_or(0.0, |customer| customer.appetite);
            let quantity = amount(appetite, product.pack, rng);
            if invoice.kind != Kind::Sale {
                return sold(name, -(quantity / 3).max(1), full);
            }
            match rng.gen_range(0..10_000_u16) {
                0 => sold(name, quantity, 0),
                1 => sold(name, 0, full),
                2 => sold(name, -quantity, full),
                // Whoever buys by the case pays less, and so does whoever comes at the right time.
                _ if quantity >= product.pack * 5 || rng.gen_bool(0.06) => {
                    sold(name, quantity, i64::from(price_point(full as f64 * 0.86)))
                }
                _ => sold(name, quantity, full),
            }
        }
    }
}

/// How many a customer takes: some pieces, or some packs.
fn amount(appetite: f64, pack: i64, rng: &mut impl Rng) -> i64 {
    let level = appetite + 0.66 * rng.sample::<f64, _>(StandardNormal);
    if level < -0.42 {
        pick(&PIECES, rng).copied().unwrap_or(1)
    } else if rng.gen_bool(0.07) {
        ((pack as f64 * level.exp()).round() as i64).max(1)
    } else {
        pack * (level.exp().round() as i64).max(1)
    }
}
