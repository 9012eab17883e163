//! PKCS#12 archives, the option `pfx`: modern ones (PBES2 with AES) and those of old (RC2 and triple DES).
//!
//! Pure. As in Node, the certificate of the key comes first in the chain, all others follow in their order, and are
//! trusted too.

use std::sync::Arc;

use p12_keystore::{Pkcs12Archive, error::Error};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::identities;
use super::options::OptionError;

/// What Node takes from an archive.
#[derive(Debug)]
pub struct Contents {
    /// The key and its chain.
    pub identity: Arc<CertifiedKey>,
    /// The certificates that are not of the key.
    pub others: Vec<CertificateDer<'static>>,
}

/// Opens an archive.
pub fn open(data: &[u8], passphrase: Option<&str>) -> Result<Contents, OptionError> {
    let archive = Pkcs12Archive::from_pkcs12(data, passphrase.unwrap_or_default()).map_err(|error| {
        fail(match error {
            Error::MacError(_) | Error::UnpadError => "mac verify failure".into(),
            Error::DerError(_) => "not enough data".into(),
            other => other.to_string(),
        })
    })?;
    let key = archive.keys.first().ok_or_else(|| fail("Unable to load private key from PFX data".into()))?;
    let key = identities::signing_key(key.key.as_der().to_vec()).map_err(fail)?;
    let mut others: Vec<CertificateDer<'static>> =
        archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec())).collect();
    let leaf = others
        .iter()
        .position(|certificate| identities::belongs(certificate, key.as_ref()))
        .ok_or_else(|| fail("Unable to load PFX certificate".into()))?;
    let leaf = others.remove(leaf);
    let chain = std::iter::once(leaf).chain(others.iter().cloned()).collect();
    Ok(Contents { identity: identities::certify(chain, key)?, others })
}

fn fail(reason: String) -> OptionError {
    OptionError { field: "pfx", code: "ERR_CRYPTO_OPERATION_FAILED", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pfx(base64: &str) -> Vec<u8> {
        use rustls::pki_types::pem::PemObject;
        // A block of PEM is base64 with a frame.
        let block = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        CertificateDer::from_pem_slice(block.as_bytes()).unwrap().to_vec()
    }

    #[test]
    fn modern_and_legacy_archives_have_the_same_contents() {
        let modern = open(&pfx(MODERN), Some("secret")).unwrap();
        let legacy = open(&pfx(LEGACY), Some("secret")).unwrap();
        assert_eq!(modern.identity.cert, legacy.identity.cert);
        assert_eq!(modern.identity.cert.len(), 2);
        assert_eq!(modern.others, modern.identity.cert[1..]);
    }

    #[test]
    fn no_passphrase_is_an_empty_one() {
        assert_eq!(open(&pfx(NO_PASSPHRASE), None).unwrap().identity.cert.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_as_node_says_it() {
        for (data, passphrase, reason) in [
            (pfx(MODERN), Some("wrong"), "mac verify failure"),
            (pfx(LEGACY), None, "mac verify failure"),
            (b"garbage".to_vec(), None, "not enough data"),
            (pfx(NO_KEY), None, "Unable to load private key from PFX data"),
        ] {
            let error = open(&data, passphrase).unwrap_err();
            assert_eq!(
                (error.field, error.code, error.reason.as_str()),
                ("pfx", "ERR_CRYPTO_OPERATION_FAILED", reason)
            );
        }
    }

    /// `openssl pkcs12 -export -inkey key -in leaf -certfile issuer -passout pass:secret`, OpenSSL 3.0.19: PBES2, AES.
    const MODERN: &str = "\
        MIIFvAIBAzCCBXIGCSqGSIb3DQEHAaCCBWMEggVfMIIFWzCCBBIGCSqGSIb3DQEHBqCCBAMwggP/AgEAMIID+AYJKoZIhvcNAQcBMFcG\
        CSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhZH1l3+5x1jAICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEELTagXZBOV9F\
        2Jrr9nE/6t+AggOQq3SwnxbK3Kbxphx0ngLUhbWO+ZxwYOkMhM9LSUYHtz+z1ksy8wy4KqgXeFN7zwM4aFg4xiUdoOtuenHDLeTCUzzi\
        O2Prl0oo9pzGeW6VTaoqII2R+gyq6Oz3Nzn5eyQukZGjR1shm+gJtSR9Oui9tGQ8x7URiMoGO1DsFb4HAB6J8f79QouQ1cfhGrgJejCh\
        Q+iVI7+prdbz2xP/HfU8LQnmQE91N1RRDrcQ/zYaFTXfDUFgzZsxF1lMXmqfTALo539UCC9udQeA0+fl2ZVi2Agn7WTtgR4xCyquJqle\
        epanaeSZ+5PMDwnWXabgsQLIrB0qfJL9jDxNkYgS/PFfld0lVKoeLhpt7mtNdMPsTrpBtOfDf8A+ji9nCVKlOlPL9bnUX+dADMILDUzz\
        yinRIDCeQK1vGguh3FIWl2Qfe2zROKVt9zAYqMFWKjtHq/OhOn4dIfmEM3pVU0949eFtAiqjzjFxh7TrnR0EGwb3pl1rXfsUBB6Xokv4\
        suVgR48LsYTWzI6Awxt7tOsDWodv7gmrsMEGkhNmE9b0ywutVLUmltUmT4KjCsAxucMUKtKjnFFe9UoPdizotQ6OXZ2yduB2/R6pbfWe\
        DBW5f0S7aRFRYyEqIcPvTqLpr1JVjV/D5z1GsgGhRAZAwG5LdeBOLiSyY9VwJk8AOAGDRWw56cgzRd1MhwWgPOjNeMVs+skdZYNFCAQf\
        Exxw4sE6w3mk6OaPhUmkIog2iZvOX+g86dfy6vbNfaq2p5Ben/PhhZg4qfOH9VmhSJpnMVCWcdJb6jNjWkEeL3MgA+MgT8DRpFUGRRXW\
        vC1Dw0X9jxpZrK5Z6z0LzZQEnfckIcNjXEQV2N9vgPAiLt6LKWcIIrOh6voVnFhg3FtYEXHdl0ndQAO3robKSsSIsFB9oKO6DW5qmsY9\
        56+RljyRkumvyOXhtHsUyv7s3yeBJIol/+cnP6udh8Td9bbMPwz0LV8O4rarVmb2ONw7J3z6BqDXfdCz9XeDnrJCK2pnRSpwQQyeaXLj\
        zq2Eo00YynQUQ3ntRmmwlMZ+fVhUpeXqp8mdOzFsJO/5XalasS6iS6jPHnVT5ZwLTBpBO4iZPJToXGTvuL3d+Tj9XIqFiIjAP5maEeMH\
        btr3vgTZnAzaVzajkcotU9Mjh2WNiWH4HAjGP8osuSz6BsaIF2+WpG9zb9gu96lCor1U+MVvT3uQaMRNHbjcolsXMIIBQQYJKoZIhvcN\
        AQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECG3LOyW+SsXD\
        AgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQtPGnGO82NdJqYb1P0/lqnASBkIxWvKYht14pPkgtzIihlDeBNFB8nOoeEPc8\
        8U1MB73LJ3JNpm0452Rr0Bgh2QeclcVSduOH/0Vtf0ROkgMr1VMfO63P/XsmzrxMXE7l64Xr1eh2ZWExXOJl+pCG69JNEY5L4q4nnpDF\
        KfGexoGIBiXoF3qAwpLR6OBVXEbeMdujE7YEqD3V0tARlpIRYMW5bjElMCMGCSqGSIb3DQEJFTEWBBT/iHma8nKNB4IjBnAj0pOVW3y3\
        TjBBMDEwDQYJYIZIAWUDBAIBBQAEIKuPZdJOHhN4/awnIzp9O1ycpr+CuVI/vlxmAPQPeb6SBAiv6GSC2HEqVQICCAA=\
        ";

    /// The same with `-legacy`: RC2 and triple DES.
    const LEGACY: &str = "\
        MIIFKgIBAzCCBPAGCSqGSIb3DQEHAaCCBOEEggTdMIIE2TCCA88GCSqGSIb3DQEHBqCCA8AwggO8AgEAMIIDtQYJKoZIhvcNAQcBMBwG\
        CiqGSIb3DQEMAQYwDgQIfhnV0XhGTm4CAggAgIIDiHD2aKR/iznnEd5nZe1JFCUKbJNpqcMAEy4yKE/W5sIF95Ywrpx7BxTEHnpxumpM\
        dUUANaT+j1rQjFcz0LUht44Th7+Avaa8PimH3mZi1u+6ghlpwTzaX3WzBoSvqG0ZhTLGd8Vca7mUvy6lupCyx4G6cbY+6tsNua2IQZQV\
        82knYxS+hKa7aYczSvyak0SR+g3/9yvotnw0j3sBcgRAuGVa+u9RwXsZ8zx+w2RFiI2Yi0MWGWlXwRkj60ppSG2GxOq9xiNhjqSze7pt\
        4zFnGPgl5f6p+m41HtWA0ZQ+BNRiz9kGfX6b+NCJXTXFzSbnFwdXK8r+8f5ZICIkl4uor/YxKMssoq1oKfrd+AGO30zkiMR9yGpS3Zyi\
        cBt9DlIxkXhgASeqNmU2i14XZuHGHlcaIH8AWNdhT6/ReutEvbxpJGOQzeN8hszeAsXgMudscC4Us4DsqT7AvQyolKGOeGk30PPq/jZM\
        2/bdvrcIYDG61NNaZHkJU2L/lWZJ6tOD1dvlI0h9X68pkqMqorikk5NZmv2vB0JZD8ywzZhls3boRUcwIdGNy/7VRc2/TsPVG9RmsOxA\
        ljLWIXt7Rtrb4kbzH/mlZwr6H6dO2OXJEYbq0iGwAAaoNj2H3jKRlQRRzciro7f4hEWf9jHudE6F9b29dZbfFvdv3u/8ezcmZ3OoOmy3\
        cZ2iN6EOaZ0tt0XynTZweap974rM54BDaqAdrUPJi5MZXCmVKDvyJrvTeq3prRQbuPe198zGuvb7dVcOLcIA8KF762cEyizQ0mqvc33D\
        9+hR2L3B3m8x1Dwaop3nKLfAUHn4AGHjYvnewa+0XltlA4Z1l034obmXBNaBlWz/VbTToltR9D3IZL0dijy9oErwkp/c3vHwljsFC5E4\
        0gMcfTjSicpy/d5oBnu4N0eZ5tWaOUvdIw7cUuWVbuYy1hgalzDI2cJmK3X1LWwEpUaiPL3YxujOTyZhewJ+S6B04yP4285Um3emcHqu\
        T3GQFrY0ML50QjzZWrr0a++F5hAB8/RL2eAGSZMh45p7k1aCutbFqxTexmx/hG94Uwr10I5ZVFBZsFzUoi8GyI3y45boSedRt4hdZW50\
        Zgk5GWAZRLb8vpDQqoxHD9GkCeWErEk/LfpkKtGPnyX63Rhf1Uujvw0lgw6++5hH6dEjNH69rM7IDdza6TzIWvShf/hrNBq+hWIM0B0w\
        ggECBgkqhkiG9w0BBwGggfQEgfEwge4wgesGCyqGSIb3DQEMCgECoIG0MIGxMBwGCiqGSIb3DQEMAQMwDgQIf8qFtzotNMoCAggABIGQ\
        ZQo1i/pcLn419LSnSM+/29ZZ1PjAkpOVOEjzvarUqTAOxhHwohzMxVdqkLNVNllkuJ8MfDMYfLaI+EUNdqPMg6AlkeNy0UwK/BPBh+LV\
        +2Z4hbzJ9hhro+B+LmFMpMDQsym+61pgjKQFDJ9yRm0TbSBTrQUN4p/DMquST3cXtr3Xfirgnl/2nIaThBkr4sc/MSUwIwYJKoZIhvcN\
        AQkVMRYEFP+IeZryco0HgiMGcCPSk5VbfLdOMDEwITAJBgUrDgMCGgUABBTfasoPbgygn7wrYJWxfpH/wmSLxwQIOAAvDJgsIBMCAggA\
        ";

    /// With `-passout pass:`, and without `-certfile`.
    const NO_PASSPHRASE: &str = "\
        MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcBMFcG\
        CSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhrihZOXwQoBQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPaVAJYWnmYE\
        8Djy4rPmwtCAggHgEy/COFGnuMk8kARmfuO1rYKgkv3lexUfh1Zte7hJoRM/K2VpgPo4TLQN8zdPzA+4WIp5EAn2EN+vRtZMpFqB9Gx3\
        T3iy4kfufwGLjjLOg8s/tCjchzO5C5U6OgeuCGIGfDAkq5TOrXfQHRm0J2T1ERCBVc4v25IFjXkp4ykQdsrv35y6nfaUpJq7XwcPUZQM\
        sptystvnlo8vDOHg+7Knytm1XQ9k66O6kzj/G9mB/lcK6hkq8HVHeJN3SRdoisIxvQkchekWJevPW5itJfRtNMkZg4hRBpUiqRyClDUi\
        RSKUOSShQqAq5gME9qsTUMYpl/x1TL9GKHUzJUNleEF6vK6aWzzIpH/EKwi5xzvjxLXeOzTOHy8bovWUYVWmrtIOuhNJHufpHAurjnBs\
        ZV2/tGQsmfXXazbvPY49Z83EvcJqDKOLCBwTz2XepcwiPaz463xnEDqtp2lqMzCjJMoBkqPRoq7YPEsAs1m13PWkrCUL5WELyIZtrvWD\
        Hles1uZko9C9FvD/z27sGt/u7iGMb1ZzauZTxTnL1RP4sV3O+roc4XhEIzLBUd4aV8/KAkI/IwIydidv+39IYIP3MKKLy+6ydUX95J7B\
        2/MyUz4BqbhTsMa0bGanMTcXf2gQua0+MIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJ\
        KoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECPcyiPGPSUDLAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQzpvoEdfWNOXL\
        +sbLLgWbBwSBkIKWwePhKp6unh4cMMfNMWqDHQshX+/WNiQ6NPNbFnlGwV/XomVAC89bRh6C18wjhZB34Ml4E+1SMmWfMAj/qYv+cKqF\
        30oQ04AmfuBX8bxz7Mg16zj90zjotc9YWNxR5k5H563JbV9Pxn9eHzB0X3+BsP4zX3ZXtGX8CrBwo8NePdtm4YEZ5bUm34UrXEGNxjEl\
        MCMGCSqGSIb3DQEJFTEWBBT/iHma8nKNB4IjBnAj0pOVW3y3TjBBMDEwDQYJYIZIAWUDBAIBBQAEICvyAguDIcCgwb4sM3WnMI/OGcZg\
        0ArZKdNxNSm6II1mBAiDbJ8PFLeJUgICCAA=\
        ";

    /// With `-nokeys`.
    const NO_KEY: &str = "\
        MIICpwIBAzCCAl0GCSqGSIb3DQEHAaCCAk4EggJKMIICRjCCAkIGCSqGSIb3DQEHBqCCAjMwggIvAgEAMIICKAYJKoZIhvcNAQcBMFcG\
        CSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjd0YNYOBY8PQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEOhzuygisaEY\
        MqLeXNaRUcOAggHAAtd5J/zRUqgiuKqdVKYJJPidY/Aq3JCykZnE6ECZVdMATjazS5TGQXHu6aoqmffItB/dNGLrMkY7m4guQXcwV86x\
        Lo3CXCELRSAmVEdYaNXe/FcYKs3u09+6HfD50ARYJTur77C6vpCbhIOci7EkM9WntDksar23Wlia/iyLlru/YvtTbBWBCh2aXA3se0PB\
        XRkeQV0QB2ujbE0YwZqjkFle1Xwg/GqSoosK+3AJQEgT9up8RPDhkT5kHytVvQGUmmVDPs0ZT+xgN3hQy6KIdipBzKj6qoL6gmgxC4J6\
        nztGOFz30YrO6uvN1B7rBT3xGALydIdomoqEvgjJMBuC+V2fIBYJ8JMyyny7p1ZXUd7tQe9tlpsvtmA0fRMneNrRKBJx4XHPy1lEuBGT\
        UPNNbTGWly2WsJSenYqCKj/WiUHZ2hdsCSeucrZVkKDXnggOrqLNVfwEswSzYns0deWZm1B/N5CzYoNIdKNpjiYdnOD4P1GwoxipKbfB\
        TsTd4Ywj1XnKCCAuL6iHjdY3bakvzQCX92mvhvRYOfI66s3KF++9TMQIFoK7vdec+CzjrQzeulrnrBNguXNQ5020skL6QDBBMDEwDQYJ\
        YIZIAWUDBAIBBQAEIMai4UCqye9anbVyiLbkfQqIcSv8BKtHOnN/rEGHr77iBAhYWjnKZ9e+HgICCAA=\
        ";
}
