//! Invented people. Their names are no clinical words.

use crate::random::Random;

const SURNAMES: [&str; 16] = [
    "Vanderholt",
    "Okonkwo",
    "Brzezinski",
    "Castellanos",
    "Lindqvist",
    "Haverkamp",
    "Nakashima",
    "Petrossian",
    "Quillfeather",
    "Rasmussen",
    "Szymborska",
    "Thorvaldsen",
    "Umarov",
    "Villanueva",
    "Wojciechowski",
    "Zamparelli",
];
const GIVEN: [&str; 16] = [
    "Agnieszka",
    "Benedikta",
    "Cornelius",
    "Dorothea",
    "Ezekiel",
    "Frederika",
    "Gwendolyn",
    "Hannelore",
    "Ingeborg",
    "Jeremias",
    "Katarzyna",
    "Leopold",
    "Marguerite",
    "Nikodemus",
    "Ottilie",
    "Philippa",
];
const TOWNS: [&str; 8] = [
    "Kleinmachnow",
    "Aberystwyth",
    "Villefranche",
    "Szczecinek",
    "Tallahassee",
    "Poughkeepsie",
    "Kristiansund",
    "Bellinzona",
];
const STREETS: [&str; 8] = [
    "Lindenallee",
    "Wexford",
    "Marchmont",
    "Kosciuszki",
    "Peachtree",
    "Vassar",
    "Storgata",
    "Cantonale",
];
const HOSPITALS: [&str; 6] = [
    "Saint Barnabas Medical Center",
    "Klinikum Hohenfels",
    "Clinique Beausoleil",
    "Mount Ararat Hospital",
    "Ospedale Sanseverino",
    "Fairhaven General Hospital",
];

/// A patient, and those around them.
#[derive(Clone, Debug)]
pub struct Patient {
    /// Folder of the files: no identity in it.
    pub folder: String,
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Middle name.
    pub middle: String,
    /// Patient ID.
    pub id: String,
    /// Born, `YYYYMMDD`.
    pub birth_date: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub town: String,
    /// Health insurance or social security number.
    pub insurance: String,
    /// Referring physician: family, given.
    pub referrer: (String, String),
    /// Operator: family, given.
    pub operator: (String, String),
    /// Reading physician: family, given.
    pub reader: (String, String),
    /// The hospital.
    pub hospital: String,
    /// Accession number.
    pub accession: String,
    /// Specific Character Set, with the letters that its names need.
    pub character_set: &'static str,
    /// The name in the other letters, as a whole PN value.
    pub person_name: String,
}

fn pick<const N: usize>(of: [&str; N], random: &mut Random) -> String {
    of[random.below(N)].to_owned()
}

impl Patient {
    /// The `number`th.
    pub fn new(number: usize, random: &mut Random) -> Patient {
        let family = SURNAMES[(number * 5 + random.below(3)) % 16].to_owned();
        let staff = |offset: usize, random: &mut Random| {
            let family = SURNAMES[(number * 5 + offset + random.below(3)) % 16].to_owned();
            (family, pick(GIVEN, random))
        };
        let referrer = staff(4, random);
        let operator = staff(8, random);
        let reader = staff(12, random);
        let given = pick(GIVEN, random);
        let middle = pick(GIVEN, random);
        let (character_set, person_name) = match number % 5 {
            1 => (
                "ISO_IR 192",
                format!("{family}^{given}^{middle}=山田^太郎=やまだ^たろう"),
            ),
            2 => ("ISO_IR 100", format!("{family}-Müßig^{given}^{middle}^Dr")),
            3 => ("ISO_IR 144", format!("Люксембург^{given}")),
            4 => (
                "\\ISO 2022 IR 87",
                format!("{family}^{given}=山田^太郎=やまだ^たろう"),
            ),
            _ => ("ISO_IR 192", format!("{family}^{given}^{middle}^^Jr")),
        };
        let hospital = pick(HOSPITALS, random);
        let town = pick(TOWNS, random);
        let street = format!("{} {}", pick(STREETS, random), 11 + random.below(88));
        let year = 1941 + random.below(60);
        Patient {
            folder: format!("case{number}"),
            email: format!(
                "{}.{}@mailbox.example",
                given.to_lowercase(),
                family.to_lowercase()
            ),
            id: format!(
                "{}{:07}",
                ["MRN", "H", "PAT-", ""][number % 4],
                3_000_017 + random.below(6_999_000)
            ),
            birth_date: format!(
                "{year}{:02}{:02}",
                1 + random.below(12),
                13 + random.below(15)
            ),
            phone: format!("+1 212 555 {:04}", 1000 + random.below(9000)),
            insurance: format!(
                "{:03}-{:02}-{:04}",
                210 + random.below(500),
                11 + random.below(80),
                1001 + random.below(8000)
            ),
            accession: format!("ACN{:08}", 10_000_000 + random.below(89_000_000)),
            family,
            given,
            middle,
            street,
            town,
            referrer,
            operator,
            reader,
            hospital,
            character_set,
            person_name,
        }
    }

    /// What no output may contain, in any file of this patient.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![
            self.family.clone(),
            self.given.clone(),
            self.middle.clone(),
            self.id.clone(),
            self.birth_date.clone(),
            self.phone.clone(),
            self.email.clone(),
            self.insurance.clone(),
            self.accession.clone(),
            self.street.clone(),
            self.town.clone(),
        ];
        for (family, given) in [&self.referrer, &self.operator, &self.reader] {
            secrets.push(family.clone());
            secrets.push(given.clone());
        }
        secrets.extend(
            self.hospital
                .split(' ')
                .filter(|word| HOSPITAL_WORDS.iter().all(|common| common != word))
                .map(str::to_owned),
        );
        secrets
    }
}

/// Words of a hospital's name that identify nothing.
const HOSPITAL_WORDS: [&str; 8] = [
    "Saint", "Medical", "Center", "Hospital", "General", "Mount", "Clinique", "Klinikum",
];
