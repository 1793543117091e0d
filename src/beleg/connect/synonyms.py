"""What exports call things, in English and German: each meaning with the header names that stand for it."""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "order": "order id, order number, order no, order, orderid, invoice no, invoice, invoiceno, purchase id, "
        "increment id, amazon order id, sales order, bestellnummer, bestellnr, bestell nr, bestellung, "
        "auftragsnummer, auftrag, rechnungsnummer",
        "line": "line id, line number, line item id, order line, order item id, item line, position, pos, positionsnummer",
        "account": "customer id, customer, customerid, customer number, customer no, user id, account id, account, "
        "client id, buyer id, shopper id, member id, kundennummer, kunde, kunden nr, kundenid",
        "article": "sku, item sku, product sku, article, article number, article no, product id, product code, item id, "
        "item number, stock code, stockcode, variant sku, asin, ean, gtin, upc, artikelnummer, artikel nr, "
        "artikel, produktnummer",
        "title": "title, product name, item name, name, description, product title, artikelbezeichnung, bezeichnung, produktname",
        "category": "category, product category, department, product type, kategorie, warengruppe",
        "quantity": "quantity, qty, units, count, number of items, item quantity, quantity ordered, returned quantity, "
        "menge, anzahl, stueck, stueckzahl",
        "unit_price": "unit price, price, item price, price each, unitprice, selling price, einzelpreis, stueckpreis, preis",
        "line_total": "line total, line amount, item total, row total, subtotal, line price, zeilensumme, positionssumme, "
        "gesamtpreis",
        "order_total": "order total, total, total price, grand total, total amount, order amount, order value, amount paid, "
        "paid, gesamtbetrag, bestellwert, rechnungsbetrag, gesamtsumme, summe",
        "refund": "refund id, refund number, refund no, refund, refundid, credit note, credit memo, credit note number, "
        "erstattungsnummer, erstattung, gutschrift, gutschriftnummer, gutschriftsnummer",
        "refund_amount": "refund amount, refunded amount, amount refunded, refund total, refund value, refunded, credit "
        "amount, erstattungsbetrag, erstatteter betrag, gutschriftbetrag, gutschriftsbetrag, betrag erstattet",
        "amount": "amount, value, sum, betrag, wert",
        "currency": "currency, currency code, iso currency, waehrung, waehrungscode",
        "refunded_at": "refund date, refunded at, refund time, refunded on, date of refund, erstattet am, erstattungsdatum, "
        "gutschriftsdatum",
        "ordered_at": "order date, ordered at, order purchase timestamp, purchase timestamp, order timestamp, created at, "
        "order time, purchase date, order placed, purchased at, invoice date, invoicedate, date purchased, "
        "bestelldatum, bestellt am, rechnungsdatum, auftragsdatum, erstellt am",
        "received_at": "received at, receipt date, return received, received date, return date, received on, wareneingang, "
        "wareneingangsdatum, retoure eingegangen, eingegangen am, rueckgabedatum",
        "time": "date, time, timestamp, datetime, at, event time, datum, zeit, zeitpunkt, zeitstempel",
        "rma": "rma, rma id, rma number, return id, return number, return authorisation, return authorization, "
        "retourennummer, retoure, retouren nr, ruecksendenummer",
        "tracking": "tracking number, tracking code, tracking id, tracking, tracking no, shipment id, parcel number, "
        "waybill, awb, return tracking number, sendungsnummer, paketnummer, sendungsverfolgung, "
        "trackingnummer",
        "carrier": "carrier, courier, shipping carrier, carrier name, shipping company, versanddienstleister, "
        "paketdienst, frachtfuehrer",
        "scan_status": "scan status, tracking status, carrier status, parcel status, shipment status, sendungsstatus",
        "status": "status, order status, return status, financial status, refund status, bestellstatus, zustand",
        "reason": "reason, reason code, return reason, refund reason, comment, note, grund, retourengrund, "
        "erstattungsgrund, rueckgabegrund",
        "postcode": "zip, zip code, postcode, postal code, shipping zip, ship to zip, shipping postcode, plz, "
        "postleitzahl, liefer plz",
        "country": "country, country code, shipping country, ship to country, land, laendercode, lieferland",
        "site": "warehouse, site, facility, location, fulfillment center, fulfilment centre, fulfillment center id, "
        "return center, store, lager, standort, lagerort, filiale, retourenzentrum",
        "actor": "user, staff, employee, agent, operator, processed by, refunded by, created by, approved by, clerk, "
        "mitarbeiter, bearbeiter, benutzer, sachbearbeiter, erstattet von",
        "serial": "serial, serial number, imei, serial no, seriennummer",
        "lpn": "lpn, license plate number, licence plate number, license plate",
        "email": "email, e mail, customer email, mail, email address, emailadresse",
        "phone": "phone, telephone, mobile, phone number, telefon, handynummer, telefonnummer",
        "channel": "channel, source, sales channel, source name, vertriebskanal, kanal",
    }
)

# What carriers call the state of a parcel, by our own words for it.
SCANS: Mapping[str, str] = MappingProxyType(
    {
        "pre_transit": "pre transit, label created, label printed, info received, pending, announced, angekuendigt",
        "accepted": "accepted, picked up, collected, received by carrier, acceptance, eingeliefert, abgeholt, angenommen",
        "in_transit": "in transit, transit, on its way, departed, arrived at facility, unterwegs, in zustellung unterwegs",
        "out_for_delivery": "out for delivery, with courier, in zustellung",
        "delivered": "delivered, proof of delivery, zugestellt, ausgeliefert",
        "attempted": "attempted, delivery attempted, attempt failed, delivery failed, zustellversuch, nicht angetroffen",
        "available_for_pickup": "available for pickup, ready for pickup, ready for collection, abholbereit, hinterlegt",
        "return_to_sender": "return to sender, returned to sender, returning, returned, zurueck an absender, ruecksendung",
        "exception": "exception, delayed, on hold, customs, stoerung, verzoegert",
        "lost": "lost, missing, verloren",
        "cancelled": "cancelled, canceled, voided, storniert",
    }
)


def plain(header: str) -> str:
    """A header's words in lower case, without accents, joints or camel humps."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    folded = spread.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    ascii_only = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", ascii_only))


def _by_name(meanings: Mapping[str, str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for meaning, names in meanings.items():
        for name in names.split(","):
            found.setdefault(plain(name), meaning)
            found.setdefault(plain(name).replace(" ", ""), meaning)
    return MappingProxyType(found)


NAMES = _by_name(MEANINGS)
SCAN_NAMES = _by_name(SCANS)
