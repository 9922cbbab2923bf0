//! What words are: clinical vocabulary, everyday words, titles, cues, months, streets.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::token::without_digraphs;
use sagittal_core::fold::fold;

/// A set of the constants below.
pub type Flags = u32;

/// Anatomy, sequences, drugs, makers: kept unless it stands like a name.
pub const CLINICAL: Flags = 1;
/// Words of every day: kept in small letters.
pub const COMMON: Flags = 1 << 1;
/// `Dr`, `Prof`, `Mrs`, `Herr`: a name follows.
pub const TITLE: Flags = 1 << 2;
/// `Mr`, `Ms`, `Fr`: a title only when written like one, for `MR` and `ms` are others.
pub const TITLE_BY_CASE: Flags = 1 << 3;
/// `MD`, `PhD`: a name stands before.
pub const CREDENTIAL: Flags = 1 << 4;
/// `van`, `de`, `bin`: part of the name it stands in.
pub const PARTICLE: Flags = 1 << 5;
/// `seen`, `referred`, `überwiesen`: of whom, if `by` follows.
pub const BY_VERB: Flags = 1 << 6;
/// `by`, `von`, `par`.
pub const BY: Flags = 1 << 7;
/// `Physician:`, `Patient:`: a name follows the colon.
pub const NAME_LABEL: Flags = 1 << 8;
/// `MRN`, `Accession`, `Fallnummer`: an identifier follows.
pub const ID_LABEL: Flags = 1 << 9;
/// `no`, `number`, `Nr`: between label and identifier.
pub const NUMBER_WORD: Flags = 1 << 10;
/// `Tel`, `Fax`, `ext`.
pub const PHONE_LABEL: Flags = 1 << 11;
/// `DOB`, `born`, `geb`.
pub const BIRTH_LABEL: Flags = 1 << 12;
/// A month in one of the languages; [`Vocabulary::month`] says which.
pub const MONTH: Flags = 1 << 13;
/// A month's name that is more often something else: `may`, `mar`, `oct`, `ago`, `set`.
pub const DOUBTFUL_MONTH: Flags = 1 << 14;
/// `Street`, `Road`: after name and before or after the number.
pub const STREET: Flags = 1 << 15;
/// `rue`, `via`, `calle`: before the name.
pub const STREET_BEFORE: Flags = 1 << 16;
/// `Hospital`, `Clinic`, `Klinikum`: the name stands around.
pub const INSTITUTION: Flags = 1 << 17;
/// `mm`, `mg`, `ms`: what stands before is a measure.
pub const UNIT: Flags = 1 << 18;
/// A given name.
pub const GIVEN: Flags = 1 << 19;
/// A town or region.
pub const TOWN: Flags = 1 << 20;
/// `years`, `yo`, `Jahre`.
pub const AGE_WORD: Flags = 1 << 21;
/// `at`, `um`, `à`: a time follows.
pub const TIME_WORD: Flags = 1 << 22;
/// `am`, `pm`, `Uhr`: a time stands before.
pub const TIME_SUFFIX: Flags = 1 << 23;
/// `age`, `aged`, `Alter`.
pub const AGE_LABEL: Flags = 1 << 24;
/// Labels that need a colon or `no` before a short identifier.
pub const WEAK_LABEL: Flags = 1 << 25;
/// A state's two letters, before a postal code.
pub const STATE: Flags = 1 << 26;

/// Any reason to keep a word.
pub const VOCABULARY: Flags = CLINICAL | COMMON;

const CLINICAL_WORDS: [&str; 2] = [
    include_str!("words/terms.txt"),
    include_str!("words/extra.txt"),
];

const LISTS: &[(Flags, &str)] = &[
    (COMMON, include_str!("words/common.txt")),
    (GIVEN, include_str!("words/given.txt")),
    (TOWN, include_str!("words/towns.txt")),
    (
        TITLE,
        "dr prof professor mrs herr herrn frau fräulein madame mme monsieur signor signora signorina señor señora sra dott dottore dottoressa dra dhr mevr mevrouw meneer priv doz oberarzt oberärztin chefarzt chefärztin schwester docteur doctor doctora doktor drs",
    ),
    (
        TITLE_BY_CASE,
        "mr ms miss fr sr sig hr mlle don doña pr pd sir lady nurse sister",
    ),
    (
        CREDENTIAL,
        "md phd mbbs frcr frcs facr dabr mbbch ffrad rnp pac mtra mta",
    ),
    (
        PARTICLE,
        "van von de der den del della di da dos das du la le el al bin ibn ben bint zu zur zum vom ten ter te y e do af av st san santa mac mc o d l abu",
    ),
    (
        BY_VERB,
        "seen read reported dictated reviewed referred performed signed verified approved interpreted examined scanned requested ordered sent prepared transcribed acquired checked authored entered edited consulted notified überwiesen befundet untersucht angefordert durchgeführt unterschrieben freigegeben erstellt diktiert vidiert vu adressé réalisé prescrit demandé signé informado realizado solicitado firmado referido eseguito refertato richiesto inviato firmato gezien verwezen aangevraagd visto laudado encaminhado assinado called discussed",
    ),
    (BY, "by von durch par por da dal dalla door vom with to"),
    (
        NAME_LABEL,
        "name patient patientin pat nom prénom prenom nombre apellido apellidos nome cognome sobrenome naam achternaam vorname nachname familienname surname firstname lastname physician radiologist technologist technician tech operator referrer referring doctor arzt ärztin hausarzt zuweiser überweiser untersucher befunder surgeon nurse mother father husband wife son daughter brother sister spouse contact guardian kin vater mutter médecin medico médico arts radiologe radiologue attending resident fellow consultant author signed provider requester requestor ordering interpreter gez unterzeichner anforderer einsender",
    ),
    (
        ID_LABEL,
        "mrn acc accession id pid ssn nhs uhid mpi chi hn urn fallnr fallnummer patnr patientennummer patientennr patid patientid patientenid aufnahmenummer auftragsnummer auftragsnr versichertennummer kvnr case order visit encounter dossier ipp nss nif dni nie cpf rut bsn nhc episodio episode policy insurance licence license account acct chart record medrec serial sn matricule identifier identifiant identificación historia requisition req csn fin pesel ahv ssnr svnr",
    ),
    (
        WEAK_LABEL,
        "case order visit encounter episode policy account chart record serial sn req acc id fin hn chi urn dossier",
    ),
    (
        NUMBER_WORD,
        "no nr num number nummer id ids numero número numéro code",
    ),
    (
        PHONE_LABEL,
        "tel telephone phone ph fax mobile cell pager bleep beeper handy telefon telefax téléphone teléfono telefono telefoon telefone ext extension durchwahl mobil portable móvil celular callback",
    ),
    (
        BIRTH_LABEL,
        "dob born birthdate birthday geb geboren geburtsdatum né née naissance nacido nacida nacimiento nato nata nascita geboortedatum nascido nascimento bday",
    ),
    (
        STREET,
        "street st avenue ave av road rd lane ln drive dr boulevard blvd court ct place pl square sq terrace highway hwy parkway pkwy crescent way close straat laan weg gasse platz plein",
    ),
    (
        STREET_BEFORE,
        "rue via viale piazza calle plaza rua avenida av paseo place boulevard allée chemin corso largo travessa carrera",
    ),
    (
        INSTITUTION,
        "hospital hospitals clinic clinics klinikum klinik kliniken krankenhaus spital universitätsklinikum universitätsklinik universitätsspital uniklinik uniklinikum universitätsmedizin kantonsspital infirmary institute institut praxis gemeinschaftspraxis hôpital hopital clinique chu ospedale policlinico hospitalier clínica ziekenhuis umc hospice sanatorium sanatorio university universität université universidad università universiteit trust polyclinic szpital charité nemocnice sykehus sjukhus sygehus poliklinik poliklinika mvz",
    ),
    (
        UNIT,
        "mm cm m ml l mg g kg mcg ug ms s sec secs min mins hz khz mhz kv kvp ma mas mgy gy mbq bq mci msv hu t deg degrees mmol mol cc bpm mmhg percent fr gauge slices slice images frames phases views iu ie x h hr hrs kp mv gbq units dpi fps px",
    ),
    (
        AGE_WORD,
        "years year yrs yr yo y old jahre jahr jährig jährige jähriger jähriges jährigen ans años año anni anno jaar jarige anos ano aged j a",
    ),
    (AGE_LABEL, "age aged alter edad âge età leeftijd idade"),
    (TIME_WORD, "at um à las alle om às kl t on le il el am"),
    (
        TIME_SUFFIX,
        "am pm uhr hrs h a p z utc gmt est edt cst cdt pst pdt mez mesz cet cest",
    ),
    (
        STATE,
        "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc",
    ),
];

/// Twelve names a language: whole, short, shorter.
pub const MONTHS: &[[&str; 12]] = &[
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
    [
        "januar",
        "februar",
        "märz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ],
    [
        "jan", "feb", "mrz", "apr", "mai", "jun", "jul", "aug", "sept", "okt", "nov", "dez",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic",
    ],
    [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    [
        "gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic",
    ],
    [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    [
        "jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
    ],
    [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    [
        "jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez",
    ],
    [
        "jänner",
        "feber",
        "maerz",
        "apr",
        "mai",
        "jun",
        "jul",
        "aug",
        "setiembre",
        "okt",
        "nov",
        "dez",
    ],
];

const DOUBTFUL_MONTHS: &str =
    "may march mar mars oct ago set out gen mag sep sept dec mei ene dic giu lug ott jan abr";

/// All the lists, by word.
pub struct Vocabulary {
    flags: HashMap<String, Flags>,
    /// Words with an umlaut or the like, by their form without digraphs.
    marked: HashMap<String, Flags>,
    months: HashMap<String, u8>,
}

impl Vocabulary {
    /// The one there is.
    pub fn get() -> &'static Vocabulary {
        static ONE: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::load);
        &ONE
    }

    /// What is known of a word, folded and without digraphs.
    pub fn flags(&self, plain: &str, word: &str) -> Flags {
        let flags = self.flags.get(plain).copied().unwrap_or(0);
        if plain.len() == word.len() {
            return flags;
        }
        flags | self.marked.get(word).copied().unwrap_or(0)
    }

    /// Which month (from 1) a word is.
    pub fn month(&self, word: &str) -> Option<u8> {
        self.months.get(word).copied()
    }

    fn load() -> Vocabulary {
        let mut vocabulary = Vocabulary {
            flags: HashMap::with_capacity(16_384),
            marked: HashMap::new(),
            months: HashMap::new(),
        };
        for (flags, list) in LISTS {
            vocabulary.add(*flags, list);
        }
        for list in CLINICAL_WORDS {
            vocabulary.add(CLINICAL, list);
        }
        for names in MONTHS {
            for (at, name) in names.iter().enumerate() {
                let number = u8::try_from(at + 1).unwrap_or(1);
                vocabulary.months.entry(key(name)).or_insert(number);
                vocabulary.add(MONTH, name);
            }
        }
        vocabulary.add(DOUBTFUL_MONTH, DOUBTFUL_MONTHS);
        vocabulary
    }

    fn add(&mut self, flags: Flags, list: &str) {
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            for word in line.split_ascii_whitespace() {
                *self.flags.entry(fold(word)).or_insert(0) |= flags;
                if !word.is_ascii() {
                    *self.marked.entry(key(word)).or_insert(0) |= flags;
                }
            }
        }
    }
}

/// The form in which words are looked up.
pub fn key(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    without_digraphs(&fold(word), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_flags_in_any_spelling() {
        let vocabulary = Vocabulary::get();
        let flags = |word: &str| vocabulary.flags(&fold(word), &key(word));
        assert_ne!(flags("Über") & COMMON, 0);
        assert_ne!(flags("UEBER") & COMMON, 0);
        assert_ne!(flags("Mediastinum") & CLINICAL, 0);
        assert_eq!(flags("zyxwv"), 0);
        assert_eq!(flags("Doe"), 0);
        assert_eq!(vocabulary.month(&key("März")), Some(3));
        assert_eq!(vocabulary.month(&key("août")), Some(8));
    }
}
