//! The directory of callers: settles who somebody is, for HTTP and for DIMSE.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sagittal_core::AeTitle;
use subtle::ConstantTimeEq as _;

use crate::guesses::Guesses;
use crate::password::{self, VerificationCache};
use crate::{AddressRange, Caller, CallerKind, Error, Permission, Rejection, token};

/// How long somebody who got in may get in again from the same address, whatever others guess there.
const KNOWN: Duration = Duration::from_secs(3600);

/// A user with a password.
#[derive(Clone, Debug)]
pub struct User {
    /// The name, without colon.
    pub name: String,
    /// Argon2id in PHC form ([`password::hash`]).
    pub password_hash: String,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
}

/// An API token.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// The name under which it is logged.
    pub name: String,
    /// SHA-256 of the secret in hexadecimal digits ([`token::hash`]).
    pub hash: String,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
    /// From when on it is no longer good.
    pub expires: Option<SystemTime>,
}

/// What an Application Entity may do, by title and address. The first rule that fits decides.
#[derive(Clone, Debug)]
pub struct AeRule {
    /// The calling AE title, or `None` (written `*`) for any.
    pub ae_title: Option<AeTitle>,
    /// From where; empty for anywhere.
    pub addresses: Vec<AddressRange>,
    /// Subject of the client certificate that is demanded, if any.
    pub certificate_subject: Option<String>,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
}

impl AeRule {
    /// Reads an AE title or `*`.
    pub fn title(text: &str) -> Result<Option<AeTitle>, sagittal_core::Error> {
        match text.trim() {
            "*" => Ok(None),
            title => AeTitle::new(title).map(Some),
        }
    }

    fn fits(&self, calling: &AeTitle, address: IpAddr, subject: Option<&str>) -> bool {
        let title = self.ae_title.as_ref().is_none_or(|title| title == calling);
        let place =
            self.addresses.is_empty() || self.addresses.iter().any(|range| range.contains(address));
        let certificate = self
            .certificate_subject
            .as_deref()
            .is_none_or(|wanted| subject == Some(wanted));
        title && place && certificate
    }
}

/// Gathers what a [`Directory`] knows; [`DirectoryBuilder::build`] checks it.
#[derive(Clone, Debug, Default)]
pub struct DirectoryBuilder {
    /// Users.
    pub users: Vec<User>,
    /// API tokens.
    pub tokens: Vec<ApiToken>,
    /// Rules for Application Entities, in order.
    pub ae_rules: Vec<AeRule>,
}

/// What can be said of credentials without a slow hash.
#[derive(Debug)]
pub enum Quick {
    /// All there is to say.
    Settled(Result<Caller, Rejection>),
    /// A password must be hashed: call [`Directory::authenticate_http`] where blocking is allowed.
    Slow,
}

/// Settles who a caller is.
pub struct Directory {
    http: Option<Http>,
    ae_rules: Option<Vec<AeRule>>,
    cache: VerificationCache,
    guesses: Guesses,
    /// Who got in lately, and from where.
    known: VerificationCache,
}

struct Http {
    users: BTreeMap<String, User>,
    tokens: Vec<(ApiToken, [u8; 32])>,
    /// Verified for user names that do not exist, so that they take as long as others.
    decoy: String,
}

impl DirectoryBuilder {
    /// Checks names and hashes.
    pub fn build(self) -> Result<Directory, Error> {
        let mut users = BTreeMap::new();
        for user in self.users {
            let name = user.name.clone();
            if name.is_empty() || name.chars().any(|c| c == ':' || c.is_control()) {
                return Err(Error::InvalidUserName { name });
            }
            if !password::is_hash(&user.password_hash) {
                return Err(Error::InvalidPasswordHash { name });
            }
            if users.insert(name.clone(), user).is_some() {
                return Err(Error::Twice { what: "user", name });
            }
        }
        let mut tokens: Vec<(ApiToken, [u8; 32])> = Vec::new();
        for entry in self.tokens {
            let name = entry.name.clone();
            let Some(hash) = token::parse_hash(&entry.hash) else {
                return Err(Error::InvalidTokenHash { name });
            };
            if tokens.iter().any(|(other, _)| other.name == name) {
                return Err(Error::Twice {
                    what: "token",
                    name,
                });
            }
            tokens.push((entry, hash));
        }
        Ok(Directory {
            http: Some(Http {
                users,
                tokens,
                decoy: password::hash("")?,
            }),
            ae_rules: Some(self.ae_rules),
            ..Directory::off()
        })
    }
}

impl Directory {
    /// Authentication is off: everybody may do everything.
    pub fn off() -> Directory {
        Directory {
            http: None,
            ae_rules: None,
            cache: VerificationCache::new(),
            guesses: Guesses::default(),
            known: VerificationCache::lasting(KNOWN),
        }
    }

    /// As built, but HTTP callers need not authenticate (only AE rules are in force).
    pub fn without_http(mut self) -> Directory {
        self.http = None;
        self
    }

    /// As built, but every AE is let in (only HTTP callers authenticate).
    pub fn without_ae_rules(mut self) -> Directory {
        self.ae_rules = None;
        self
    }

    /// Must HTTP callers authenticate?
    pub fn http_is_protected(&self) -> bool {
        self.http.is_some()
    }

    /// Are there rules for Application Entities?
    pub fn dimse_is_protected(&self) -> bool {
        self.ae_rules.is_some()
    }

    /// As [`Directory::authenticate_http`], as far as that goes without hashing a password.
    pub fn authenticate_http_quickly(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
    ) -> Quick {
        let Some(http) = &self.http else {
            return Quick::Settled(Ok(Caller::anonymous(address)));
        };
        match Credentials::read(authorization) {
            Err(rejection) => Quick::Settled(Err(rejection)),
            Ok(Credentials::Bearer(secret)) => Quick::Settled(self.by_token(http, secret, address)),
            Ok(Credentials::Basic { name, password }) => {
                match self.without_hashing(http, &name, &password, address) {
                    Some(result) => Quick::Settled(result),
                    None => Quick::Slow,
                }
            }
        }
    }

    /// Settles who sends an HTTP request: `authorization` is the header's value (RFC 7617 Basic
    /// or RFC 6750 Bearer). May hash a password, which takes tens of milliseconds.
    pub fn authenticate_http(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        let Some(http) = &self.http else {
            return Ok(Caller::anonymous(address));
        };
        match Credentials::read(authorization)? {
            Credentials::Bearer(secret) => self.by_token(http, secret, address),
            Credentials::Basic { name, password } => self.check(http, &name, &password, address),
        }
    }

    /// Settles who a user with a password is (DIMSE user identity negotiation, PS3.7 §D.3.3.7).
    /// May hash a password.
    pub fn authenticate_user(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        match &self.http {
            None => Ok(Caller::anonymous(address)),
            Some(http) => self.check(http, name, password, address),
        }
    }

    /// Settles who opens an association: the first rule that fits title, address and the subject
    /// of the client certificate.
    pub fn authenticate_ae(
        &self,
        calling: &AeTitle,
        address: IpAddr,
        certificate_subject: Option<&str>,
    ) -> Result<Caller, Rejection> {
        let permissions = match &self.ae_rules {
            None => Permission::all(),
            Some(rules) => rules
                .iter()
                .find(|rule| rule.fits(calling, address, certificate_subject))
                .map(|rule| rule.permissions.clone())
                .ok_or(Rejection::UnknownAe)?,
        };
        Ok(Caller {
            name: calling.to_string(),
            kind: CallerKind::ApplicationEntity,
            address: Some(address),
            permissions,
        })
    }

    fn check(
        &self,
        http: &Http,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        // Others may have settled it while this one waited for its turn.
        if let Some(result) = self.without_hashing(http, name, password, address) {
            return result;
        }
        let (hash, user) = http.hash_of(name);
        let good = password::verify(hash, password);
        self.cache.put(hash, password, good);
        let result = http.verdict(good, user, address);
        self.record(&result, address, hash, password);
        result
    }

    /// What is remembered of a password, or that this address guesses too often.
    fn without_hashing(
        &self,
        http: &Http,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
    ) -> Option<Result<Caller, Rejection>> {
        let (hash, user) = http.hash_of(name);
        let remembered = self.cache.get(hash, password);
        if remembered == Some(true) {
            return Some(http.verdict(true, user, address));
        }
        if let Some(rejection) = self.must_wait(address, hash, password) {
            return Some(Err(rejection));
        }
        // The same wrong password again is no other guess.
        remembered.map(|good| http.verdict(good, user, address))
    }

    fn by_token(
        &self,
        http: &Http,
        secret: &str,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        if let Some(rejection) = self.must_wait(address, TOKEN, secret) {
            return Err(rejection);
        }
        let result = http.by_token(secret, address);
        if result.is_ok() || self.cache.get(TOKEN, secret).is_none() {
            self.record(&result, address, TOKEN, secret);
        }
        if matches!(result, Err(Rejection::Wrong)) {
            self.cache.put(TOKEN, secret, false);
        }
        result
    }

    /// Whether a guess is not looked at: not from an address that guessed wrong too often, unless
    /// it is what got in from there before.
    fn must_wait(&self, address: Option<IpAddr>, hash: &str, secret: &str) -> Option<Rejection> {
        let wait = self.guesses.wait(address, Instant::now())?;
        let known = self.known.get(&place(address, hash), secret);
        (known != Some(true)).then_some(Rejection::TooMany {
            seconds: wait.as_secs() + 1,
        })
    }

    fn record(
        &self,
        result: &Result<Caller, Rejection>,
        address: Option<IpAddr>,
        hash: &str,
        secret: &str,
    ) {
        match result {
            Ok(_) => self.known.put(&place(address, hash), secret, true),
            Err(Rejection::Wrong) => self.guesses.wrong(address, Instant::now()),
            Err(_) => {}
        }
    }
}

/// Stands for the hash where a token is remembered.
const TOKEN: &str = "token";

fn place(address: Option<IpAddr>, hash: &str) -> String {
    format!("{address:?} {hash}")
}

impl Http {
    fn hash_of(&self, name: &str) -> (&str, Option<&User>) {
        match self.users.get(name) {
            Some(user) => (&user.password_hash, Some(user)),
            None => (&self.decoy, None),
        }
    }

    fn verdict(
        &self,
        good: bool,
        user: Option<&User>,
        address: Option<IpAddr>,
    ) -> Result<Caller, Rejection> {
        match user {
            Some(user) if good => Ok(Caller {
                name: user.name.clone(),
                kind: CallerKind::User,
                address,
                permissions: user.permissions.clone(),
            }),
            _ => Err(Rejection::Wrong),
        }
    }

    /// Looks at every token, whichever fits: time says nothing.
    fn by_token(&self, secret: &str, address: Option<IpAddr>) -> Result<Caller, Rejection> {
        let presented = token::digest(secret);
        let mut found = None;
        for (token, hash) in &self.tokens {
            if bool::from(hash.ct_eq(&presented)) {
                found = Some(token);
            }
        }
        let token = found.ok_or(Rejection::Wrong)?;
        if token.expires.is_some_and(|end| end <= SystemTime::now()) {
            return Err(Rejection::Expired);
        }
        Ok(Caller {
            name: token.name.clone(),
            kind: CallerKind::Token,
            address,
            permissions: token.permissions.clone(),
        })
    }
}

enum Credentials<'a> {
    Basic { name: String, password: String },
    Bearer(&'a str),
}

impl Credentials<'_> {
    fn read(authorization: Option<&str>) -> Result<Credentials<'_>, Rejection> {
        let text = authorization.ok_or(Rejection::Missing)?;
        let (scheme, rest) = text.trim().split_once(' ').ok_or(Rejection::Malformed)?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Credentials::Bearer(rest));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Rejection::Malformed);
        }
        let bytes = STANDARD.decode(rest).map_err(|_| Rejection::Malformed)?;
        let pair = String::from_utf8(bytes).map_err(|_| Rejection::Malformed)?;
        let (name, password) = pair.split_once(':').ok_or(Rejection::Malformed)?;
        Ok(Credentials::Basic {
            name: name.to_owned(),
            password: password.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
