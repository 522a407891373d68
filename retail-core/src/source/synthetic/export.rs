use std::io::{self, Write};

use super::columns::COLUMNS;
use super::dirt::Dirt;
use super::generator::Generator;
use super::params::SyntheticValidParams;
use crate::clean::Field;

/// Writes the rows of a [`SyntheticSource`](super::SyntheticSource) in the form of an
/// *Online Retail II* export. Dirty rows are truly dirty.
///
/// A [`CsvSource`](crate::source::CsvSource) with the same virtual time reads from the file the
/// records and the rejections of the source.
///
/// # Errors
/// The writer's error.
///
/// ```
/// use retail_core::source::{SyntheticSource, write_csv};
/// let mut file = Vec::new();
/// write_csv(&SyntheticSource::params().rows(3).check()?, &mut file)?;
/// assert_eq!(file.iter().filter(|&&b| b == b'\n').count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_csv(params: &SyntheticValidParams, out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    writer.write_record(COLUMNS)?;
    let mut generator = Generator::new(params.clone());
    let [mut quantity, mut date, mut price, mut customer] = [const { Vec::new() }; 4];
    while let Some((row, dirt)) = generator.next() {
        for buffer in [&mut quantity, &mut date, &mut price, &mut customer] {
            buffer.clear();
        }
        write!(quantity, "{}", row.quantity)?;
        row.invoice_date.write_invoice_date(&mut date);
        write!(price, "{}", row.price)?;
        if let Some(id) = row.customer_id {
            write!(customer, "{id}.0")?;
        }
        if let Some(Dirt::Text(field, text)) = dirt {
            let spoilt = match field {
                Field::Quantity => &mut quantity,
                Field::InvoiceDate => &mut date,
                Field::Price => &mut price,
                _ => &mut customer,
            };
            spoilt.clear();
            spoilt.extend_from_slice(text.as_bytes());
        }
        writer.write_field(row.invoice)?;
        writer.write_field(row.stock_code)?;
        writer.write_field(row.description)?;
        writer.write_field(&quantity)?;
        writer.write_field(&date)?;
        writer.write_field(&price)?;
        writer.write_field(&customer)?;
        if dirt != Some(Dirt::ColumnMissing) {
            writer.write_field(row.country)?;
        }
        if dirt == Some(Dirt::ColumnAdded) {
            writer.write_field("?")?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}
