//! A Clinical Document Architecture document that says nothing (HL7 CDA release 2).

/// The document. Lines have no markup in them.
pub fn document(lines: &[&str]) -> Vec<u8> {
    let title = lines.first().copied().unwrap_or("");
    let text = lines.get(1..).unwrap_or(&[]).join(" ");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <id nullFlavor="MSK"/>
  <code code="55107-7" codeSystem="2.16.840.1.113883.6.1" displayName="Addendum Document"/>
  <title>{title}</title>
  <effectiveTime nullFlavor="MSK"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <recordTarget><patientRole><id nullFlavor="MSK"/></patientRole></recordTarget>
  <author>
    <time nullFlavor="MSK"/>
    <assignedAuthor><id nullFlavor="MSK"/></assignedAuthor>
  </author>
  <custodian>
    <assignedCustodian><representedCustodianOrganization><id nullFlavor="MSK"/></representedCustodianOrganization></assignedCustodian>
  </custodian>
  <component>
    <structuredBody>
      <component><section><title>{title}</title><text>{text}</text></section></component>
    </structuredBody>
  </component>
</ClinicalDocument>
"#
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_is_told() {
        let xml = String::from_utf8(document(&["Gone", "One.", "Two."])).expect("text");
        assert!(xml.contains("<title>Gone</title>"));
        assert!(xml.contains("<text>One. Two.</text>"));
    }
}
