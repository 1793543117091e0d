-- What a careful analyst would write by hand for DuckDB to get Beleg's findings: every slice's proofs and standing, and the
-- findings of all seventeen detectors. It knows only complete exports in Beleg's layout, each table as a view of its name; it
-- checks no input, speaks of no other moment than the last one, weighs nothing and explains nothing.
-- Leaves two tables: states (one row per slice) and found (detector, subject, fact_id, role).

CREATE MACRO same(one, other) AS one IS NULL OR other IS NULL OR one = other;
CREATE MACRO odd_weight(weight, expected) AS weight + 150 < expected * 0.6 OR weight - 150 > expected * 1.7;
CREATE MACRO held(status) AS status IN ('accepted', 'in_transit', 'out_for_delivery', 'delivered', 'attempted',
    'available_for_pickup', 'exception');
CREATE MACRO letter(applies, against, says, silent, due_at) AS CASE
    WHEN NOT applies THEN 'N' WHEN against THEN 'C' WHEN says THEN 'T' WHEN silent THEN 'U'
    WHEN due_at > getvariable('as_of') THEN 'P' ELSE 'A' END;
-- one letter for two proofs of which either will do
CREATE MACRO either(one, other) AS CASE
    WHEN 'C' IN (one, other) THEN 'C' WHEN 'T' IN (one, other) THEN 'T' WHEN 'P' IN (one, other) THEN 'P'
    WHEN 'A' IN (one, other) THEN 'A' ELSE 'U' END;
CREATE TYPE proof AS ENUM ('carrier_accepted', 'weight_plausible', 'delivered_at_site', 'dock_manifested', 'item_scanned',
    'inspected', 'put_away', 'counted_or_resold', 'not_dispatched', 'not_delivered', 'left_light',
    'documented', 'approved');


-- Who is one person: logins of one person on the roster, or that ever shared a session.

CREATE TEMP TABLE people AS
WITH RECURSIVE acts AS (
    SELECT actor AS login, session FROM receipts UNION SELECT actor, session FROM inspections
    UNION SELECT actor, session FROM dispositions UNION SELECT actor, session FROM dock_arrivals
), shared AS (
    SELECT login, session FROM acts WHERE login IS NOT NULL AND session IS NOT NULL
    QUALIFY count(*) OVER (PARTITION BY session) > 1
), edges AS (
    SELECT 'login ' || login AS one, 'person ' || person AS other FROM staff
    UNION SELECT 'login ' || login, 'session ' || session FROM shared
), steps AS (
    SELECT one, other FROM edges UNION SELECT other, one FROM edges
), reached AS (
    SELECT 'login ' || login AS login, 'login ' || login AS node FROM staff
    UNION SELECT r.login, s.other FROM reached r JOIN steps s ON s.one = r.node
)
SELECT login[7:] AS login, min(node[8:]) AS person FROM reached WHERE starts_with(node, 'person ') GROUP BY ALL;


-- Which lines a refund is for.

-- refunds that name no order are tied to earlier purchases of the same customer and article, oldest first, all or nothing
CREATE TEMP TABLE loose AS
SELECT id AS fact_id, refund_id, account_id, article, quantity, amount, occurred_at AS happened, stated_class,
    row_number() OVER (PARTITION BY account_id, article ORDER BY occurred_at NULLS LAST, id) AS place
FROM refunds WHERE order_id IS NULL AND status = 'settled';

CREATE TEMP TABLE bought AS
SELECT account_id, article, order_id, line_id, quantity, occurred_at AS happened,
    sum(quantity) OVER (PARTITION BY account_id, article ORDER BY occurred_at, id ROWS UNBOUNDED PRECEDING) AS upto
FROM order_lines SEMI JOIN loose USING (account_id, article) WHERE occurred_at IS NOT NULL;

CREATE TEMP TABLE served AS
WITH RECURSIVE asked AS (
    SELECT fact_id, account_id, article, place, quantity,
        coalesce((SELECT max(b.upto) FROM bought b
            WHERE b.account_id = l.account_id AND b.article = l.article AND b.happened <= l.happened), 0) AS available
    FROM loose l
), turns AS (
    SELECT *, 0::HUGEINT AS used, quantity > 0 AND available >= quantity AS covered FROM asked WHERE place = 1
    UNION ALL
    SELECT a.*, t.used + if(t.covered, t.quantity, 0), a.quantity > 0 AND a.available - t.used - if(t.covered, t.quantity, 0) >= a.quantity
    FROM turns t JOIN asked a ON a.account_id IS NOT DISTINCT FROM t.account_id AND a.article IS NOT DISTINCT FROM t.article
        AND a.place = t.place + 1
)
SELECT * FROM turns;

CREATE TEMP TABLE tied AS
WITH taken AS (
    SELECT l.fact_id, l.refund_id, b.order_id, b.line_id, l.amount, l.quantity AS wanted,
        greatest(b.upto - b.quantity, s.used) - s.used AS first, least(b.upto, s.used + l.quantity) - s.used AS last
    FROM served s JOIN loose l USING (fact_id)
    JOIN bought b ON b.account_id = l.account_id AND b.article = l.article AND b.happened <= l.happened
        AND b.upto > s.used AND b.upto - b.quantity < s.used + l.quantity
    WHERE s.covered
)
SELECT fact_id, refund_id, order_id, line_id, (last - first)::BIGINT AS quantity,
    (amount * last // wanted - amount * first // wanted)::BIGINT AS amount, 'purchase' AS rule
FROM taken
UNION ALL
SELECT l.fact_id, l.refund_id, NULL, NULL, l.quantity, l.amount, CASE
    WHEN l.stated_class = 'adjustment' THEN 'service' WHEN l.account_id IS NULL THEN 'no_customer'
    WHEN l.article IS NULL OR coalesce(l.quantity, 0) = 0 THEN 'no_article'
    WHEN EXISTS (FROM order_lines o WHERE o.account_id = l.account_id AND o.article = l.article) THEN 'before_window'
    ELSE 'no_purchase' END
FROM loose l JOIN served s USING (fact_id) WHERE s.covered IS NOT TRUE;

CREATE TEMP TABLE open_refunds AS
SELECT id AS fact_id, refund_id, order_id, rma_id, amount FROM refunds
WHERE status = 'settled' AND order_id IS NOT NULL AND line_id IS NULL;

CREATE TEMP TABLE spread AS
WITH lines AS (
    SELECT order_id, line_id, quantity, paid FROM order_lines WHERE order_id IN (SELECT order_id FROM open_refunds)
), whole AS (
    SELECT order_id, count(*) AS lines, sum(l.paid) AS lines_paid, max(o.paid) AS order_paid
    FROM (SELECT order_id, paid FROM lines) l LEFT JOIN (SELECT order_id, max(paid) AS paid FROM orders GROUP BY 1) o USING (order_id)
    GROUP BY 1
), shares AS (
    SELECT r.fact_id, r.refund_id, r.order_id, a.line_id, r.amount, a.quantity, 'return' AS rule,
        l.paid * a.quantity // greatest(l.quantity, 1) AS weight
    FROM open_refunds r JOIN return_authorisations a USING (order_id, rma_id) JOIN lines l USING (order_id, line_id)
    UNION ALL
    SELECT r.fact_id, r.refund_id, r.order_id, l.line_id, r.amount, l.quantity, 'order', l.paid
    FROM open_refunds r JOIN whole w USING (order_id) JOIN lines l USING (order_id)
    WHERE r.rma_id IS NULL AND (w.lines = 1 OR r.amount = w.lines_paid OR r.amount = w.order_paid)
), summed AS (
    SELECT *, sum(weight) OVER (PARTITION BY fact_id) AS total,
        sum(weight) OVER (PARTITION BY fact_id ORDER BY line_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM shares
)
SELECT fact_id, refund_id, order_id, line_id, quantity, rule,
    (amount * upto // total - amount * (upto - weight) // total)::BIGINT AS amount
FROM summed WHERE total > 0;

CREATE TEMP TABLE allocations AS
SELECT id AS fact_id, order_id, line_id, quantity, amount, 'line' AS rule
FROM refunds WHERE status = 'settled' AND order_id IS NOT NULL AND line_id IS NOT NULL
UNION ALL BY NAME SELECT fact_id, order_id, line_id, quantity, amount, rule FROM spread
UNION ALL BY NAME SELECT fact_id, order_id, amount, 'unallocated' AS rule FROM open_refunds ANTI JOIN spread USING (fact_id)
UNION ALL BY NAME SELECT fact_id, order_id, line_id, quantity, amount, rule FROM tied;


-- The slices: one row per order line and return, claim, refund or lost dispute.

CREATE TEMP TABLE slices AS
WITH parts AS (
    SELECT order_id, line_id, rma_id AS thread, rma_id, quantity, occurred_at AS happened, returnless, site FROM return_authorisations
    UNION ALL BY NAME
    SELECT order_id, line_id, claim_id AS thread, claim_id, quantity, occurred_at AS happened, kind AS claim_kind FROM claims
    UNION ALL BY NAME
    SELECT a.order_id, a.line_id, coalesce(r.rma_id, r.claim_id, r.refund_id) AS thread, r.rma_id, r.claim_id, a.quantity,
        r.occurred_at AS happened, r.occurred_at AS refunded_at, a.amount, r.currency, r.trigger, r.stated_class, a.rule,
        a.fact_id AS paid_by
    FROM allocations a JOIN refunds r ON r.id = a.fact_id
    UNION ALL BY NAME
    SELECT order_id, line_id, dispute_id AS thread, occurred_at AS happened, occurred_at AS refunded_at, amount, currency,
        true AS disputed, id AS paid_by
    FROM disputes WHERE status = 'lost'
), gathered AS (
    SELECT coalesce(order_id, '') || '/' || coalesce(line_id, '') || '/' || thread AS slice_id,
        any_value(order_id) AS order_id, any_value(line_id) AS line_id, any_value(rma_id) AS rma_id,
        any_value(claim_id) AS claim_id, max(quantity) AS quantity, min(happened) AS first_at, min(refunded_at) AS refunded_at,
        coalesce(sum(amount), 0)::BIGINT AS amount, max(currency) AS currency, max(trigger) AS trigger,
        max(stated_class) AS stated_class, max(claim_kind) AS claim_kind, bool_or(returnless) AS returnless,
        bool_or(disputed) AS disputed, max(site) AS site, max(rule) AS rule, list(paid_by) FILTER (paid_by IS NOT NULL) AS paid_by
    FROM parts GROUP BY 1
), called_off AS (
    SELECT order_id, line_id FROM cancellations
    UNION SELECT c.order_id, l.line_id FROM cancellations c JOIN order_lines l USING (order_id) WHERE c.line_id IS NULL
)
SELECT row_number() OVER () AS slice, g.* REPLACE (
        coalesce(g.quantity, l.quantity, 1) AS quantity, coalesce(g.currency, l.currency) AS currency),
    l.paid AS line_paid, l.unit_weight, CASE
        WHEN g.stated_class IS NOT NULL THEN g.stated_class
        WHEN g.disputed THEN 'chargeback'
        WHEN g.returnless OR g.trigger = 'returnless' OR g.claim_kind = 'hazardous' THEN 'returnless'
        WHEN g.claim_kind = 'not_received' THEN 'not_received'
        WHEN g.claim_kind IS NOT NULL AND g.rma_id IS NULL THEN 'damaged'
        WHEN c.order_id IS NOT NULL AND g.rma_id IS NULL THEN 'cancelled'
        WHEN g.trigger = 'instant' THEN 'instant'
        WHEN g.rma_id IS NOT NULL OR g.trigger IN ('on_first_scan', 'on_delivered', 'on_receipt', 'on_inspection') THEN 'return'
        ELSE 'unclassified' END AS refund_class
FROM gathered g
LEFT JOIN order_lines l ON l.order_id = g.order_id AND l.line_id = g.line_id
LEFT JOIN called_off c ON c.order_id = g.order_id AND coalesce(c.line_id, '') = coalesce(g.line_id, '');


-- What belongs to each slice: its return parcels and their scans, its receipts, the scans of parcels that went out.

CREATE TEMP TABLE return_parcels AS
WITH candidates AS (
    SELECT id, order_id, rma_id, parcel_id, carrier, to_postcode, to_site, declared_weight, false AS sent_back
    FROM parcels WHERE direction = 'return'
    UNION ALL
    SELECT id, order_id, rma_id, parcel_id, carrier, NULL, NULL, declared_weight, true
    FROM parcels SEMI JOIN (SELECT parcel_id FROM scans WHERE status = 'return_to_sender') USING (parcel_id) WHERE direction = 'out'
)
SELECT s.slice, c.parcel_id, c.carrier, c.to_postcode, c.to_site, c.sent_back, c.id AS label_fact,
    coalesce(c.declared_weight, s.unit_weight * s.quantity) AS expected
FROM slices s JOIN candidates c USING (order_id)
WHERE (s.rma_id IS NOT NULL OR s.claim_kind IS NULL) AND same(c.rma_id, s.rma_id);

CREATE TEMP TABLE return_scans AS
SELECT p.slice, p.carrier, p.to_postcode, p.to_site, p.sent_back, p.expected, c.id AS fact_id, c.occurred_at AS happened, c.status,
    c.postcode, c.weight, if(c.attested, p.carrier, NULL) AS attests,
    if(p.sent_back, c.status = 'return_to_sender', held(c.status)) AS in_hand
FROM return_parcels p JOIN scans c USING (parcel_id);

CREATE TEMP TABLE slice_receipts AS
SELECT s.slice, s.order_id, r.line_id, r.id AS fact_id, r.occurred_at AS happened, r.source_recorded_at, r.quantity, r.site, r.entry_mode,
    r.serial, r.lpn, r.actor, r.session, p.person
FROM slices s JOIN receipts r USING (order_id) LEFT JOIN people p ON p.login = r.actor
WHERE same(r.line_id, s.line_id) AND same(r.rma_id, s.rma_id);

CREATE TEMP TABLE outbound_scans AS
SELECT s.slice, s.refund_class, p.parcel_id, c.id AS fact_id, c.status, if(c.attested, c.carrier, NULL) AS attests
FROM slices s JOIN parcels p USING (order_id) JOIN scans c USING (parcel_id)
WHERE p.direction = 'out' AND s.refund_class IN ('not_received', 'cancelled');

CREATE TEMP TABLE paid_by AS SELECT slice, unnest(paid_by) AS fact_id FROM slices;


-- The evidence: which fact says what about which proof of which slice.

CREATE TEMP TABLE read_serials AS
WITH packed AS (
    SELECT order_id, line_id, count(*) AS units FROM packed_serials GROUP BY ALL
), own AS (
    SELECT DISTINCT order_id, serial FROM packed_serials WHERE serial IS NOT NULL
), swapped AS (
    -- packed for another order within two days of this one
    SELECT DISTINCT r.slice, r.serial
    FROM slice_receipts r JOIN packed_serials p ON p.serial = r.serial
    JOIN packed_serials o ON o.order_id = r.order_id AND o.line_id = r.line_id
    WHERE p.order_id <> r.order_id AND abs(p.occurred_at - o.occurred_at) <= 2 * 86400000000
)
SELECT r.*, p.units IS NOT NULL AS known, own.serial IS NOT NULL AS packed, w.serial IS NOT NULL AS swapped
FROM slice_receipts r
LEFT JOIN packed p ON p.order_id = r.order_id AND p.line_id = r.line_id
LEFT JOIN own ON own.order_id = r.order_id AND own.serial = r.serial
LEFT JOIN swapped w ON w.slice = r.slice AND w.serial = r.serial;

-- Staff sessions that show a takeover; what they say for a claim is worth nothing.
CREATE TEMP TABLE suspects AS
WITH signed AS (
    SELECT login, session, badge, occurred_at AS happened,
        min(occurred_at) OVER (PARTITION BY login) AS began,
        min(occurred_at) OVER (PARTITION BY login, device) AS device_began,
        min(occurred_at) OVER (PARTITION BY login, network) AS network_began, device, network
    FROM staff_sign_ins WHERE activity = 'logon' AND occurred_at IS NOT NULL
), new AS (
    SELECT session, login, happened FROM signed
    WHERE coalesce(session, '') <> '' AND NOT coalesce(badge, false) AND began < happened
        AND (device IS NOT NULL AND device_began = happened OR network IS NOT NULL AND network_began = happened)
), changed AS (
    SELECT login, occurred_at AS changed_at FROM staff_sign_ins
    WHERE activity IN ('factor_added', 'factor_removed', 'password_reset') AND occurred_at IS NOT NULL
), acts AS (
    SELECT session, occurred_at FROM receipts UNION ALL SELECT session, occurred_at FROM inspections
    UNION ALL SELECT session, occurred_at FROM dispositions UNION ALL SELECT session, occurred_at FROM dock_arrivals
    UNION ALL SELECT session, occurred_at FROM staff_actions
), bursts AS (
    SELECT DISTINCT session FROM (
        SELECT session FROM acts WHERE coalesce(session, '') <> '' AND occurred_at IS NOT NULL
        GROUP BY session, occurred_at // 60000000 HAVING count(*) >= 30)
)
SELECT DISTINCT session FROM new
WHERE session IN (SELECT session FROM bursts)
    OR EXISTS (FROM changed c WHERE c.login = new.login AND abs(c.changed_at - new.happened) <= 86400000000);

CREATE TEMP TABLE evidence AS
WITH docked AS (
    SELECT p.slice, p.expected, d.id AS fact_id, d.weight, d.actor AS login, d.session
    FROM return_parcels p JOIN dock_arrivals d USING (parcel_id)
), hands AS (
    SELECT slice, min(person) AS first_hand, max(person) AS last_hand, count(*) > count(person) AS nameless
    FROM slice_receipts GROUP BY 1
), units AS (
    SELECT slice, lpn FROM slice_receipts WHERE lpn IS NOT NULL
), seen AS (
    SELECT lpn, max(occurred_at) AS seen_at FROM stock_counts WHERE found GROUP BY 1
), shipped AS (
    SELECT DISTINCT order_id FROM (
        SELECT order_id, line_id FROM order_lines SEMI JOIN (SELECT order_id FROM slices WHERE refund_class = 'cancelled') USING (order_id)
    ) ANTI JOIN cancellations USING (order_id, line_id) ANTI JOIN (SELECT order_id FROM cancellations WHERE line_id IS NULL) w USING (order_id)
), rows AS (
    SELECT slice, 'carrier_accepted' AS proof, true AS says, fact_id, attests AS carrier, NULL AS login, NULL AS session
    FROM return_scans WHERE in_hand
    UNION ALL BY NAME
    SELECT slice, 'weight_plausible' AS proof, NOT odd_weight(weight, expected) AS says, fact_id, attests AS carrier
    FROM return_scans WHERE in_hand AND weight IS NOT NULL AND expected IS NOT NULL
    UNION ALL BY NAME
    SELECT slice, 'delivered_at_site' AS proof, postcode = to_postcode AS says, fact_id, attests AS carrier
    FROM return_scans WHERE in_hand AND status = 'delivered' AND postcode IS NOT NULL AND to_postcode IS NOT NULL
    UNION ALL BY NAME
    SELECT slice, 'dock_manifested' AS proof, true AS says, fact_id, login, session FROM docked
    UNION ALL BY NAME
    SELECT slice, 'weight_plausible' AS proof, NOT odd_weight(weight, expected) AS says, fact_id, login, session
    FROM docked WHERE weight IS NOT NULL AND expected IS NOT NULL
    UNION ALL BY NAME
    SELECT slice, 'item_scanned' AS proof,
        NOT (quantity = 0 OR (known AND NOT swapped AND serial IS NOT NULL AND NOT packed)) AS says, fact_id, actor AS login, session
    FROM read_serials
    WHERE quantity = 0 OR (known AND NOT swapped AND serial IS NOT NULL AND NOT packed)
        OR (entry_mode = 'scan' AND quantity > 0 AND (NOT known OR packed))
    UNION ALL BY NAME
    SELECT r.slice, 'counted_or_resold' AS proof, false AS says, a.id AS fact_id
    FROM read_serials r JOIN activations a ON a.serial = r.serial
    WHERE r.packed AND r.lpn IS NOT NULL AND a.occurred_at > r.happened AND NOT EXISTS (FROM resales s WHERE s.lpn = r.lpn)
    UNION ALL BY NAME
    SELECT s.slice, 'inspected' AS proof, i.result IN ('match', 'damaged') AS says, i.id AS fact_id, i.actor AS login, i.session
    FROM slices s JOIN inspections i USING (order_id) LEFT JOIN people p ON p.login = i.actor LEFT JOIN hands h ON h.slice = s.slice
    WHERE same(i.line_id, s.line_id) AND same(i.rma_id, s.rma_id)
        AND (i.result NOT IN ('match', 'damaged') OR (p.person IS NOT NULL AND NOT coalesce(h.nameless, false)
            AND p.person IS DISTINCT FROM h.first_hand AND p.person IS DISTINCT FROM h.last_hand))
    UNION ALL BY NAME
    SELECT s.slice, 'put_away' AS proof, d.kind <> 'missing' AS says, d.id AS fact_id, d.actor AS login, d.session
    FROM slices s JOIN dispositions d USING (order_id) WHERE same(d.line_id, s.line_id) AND same(d.rma_id, s.rma_id)
    UNION ALL BY NAME
    SELECT u.slice, 'counted_or_resold' AS proof, c.found AS says, c.id AS fact_id, c.actor AS login, c.session
    FROM units u JOIN stock_counts c USING (lpn) LEFT JOIN seen n USING (lpn)
    WHERE c.found OR coalesce(c.occurred_at >= n.seen_at, true)
    UNION ALL BY NAME
    SELECT u.slice, 'counted_or_resold' AS proof, true AS says, r.id AS fact_id FROM units u JOIN resales r USING (lpn)
    UNION ALL BY NAME
    SELECT s.slice, 'not_dispatched' AS proof, true AS says, c.id AS fact_id
    FROM slices s JOIN cancellations c USING (order_id) WHERE s.refund_class = 'cancelled'
    UNION ALL BY NAME
    SELECT o.slice, 'not_dispatched' AS proof, false AS says, o.fact_id, o.attests AS carrier
    FROM outbound_scans o JOIN slices s USING (slice)
    WHERE o.refund_class = 'cancelled' AND held(o.status) AND NOT EXISTS (FROM shipped h WHERE h.order_id = s.order_id)
    UNION ALL BY NAME
    SELECT slice, 'not_delivered' AS proof, false AS says, fact_id, attests AS carrier
    FROM outbound_scans WHERE refund_class = 'not_received' AND status = 'delivered'
    UNION ALL BY NAME
    SELECT slice, 'not_delivered' AS proof, true AS says, fact_id, attests AS carrier
    FROM outbound_scans ANTI JOIN (SELECT slice, parcel_id FROM outbound_scans WHERE status = 'delivered') USING (slice, parcel_id)
    WHERE refund_class = 'not_received' AND (held(status) OR status IN ('lost', 'return_to_sender'))
    UNION ALL BY NAME
    SELECT s.slice, 'left_light' AS proof, c.weight < 0.6 * p.declared_weight AS says, c.id AS fact_id,
        CASE WHEN c.attested THEN c.carrier END AS carrier
    FROM slices s JOIN parcels p USING (order_id) JOIN scans c USING (parcel_id)
    WHERE s.claim_kind = 'empty_box' AND s.refund_class IN ('not_received', 'damaged') AND p.direction = 'out'
        AND 0.6 * p.declared_weight > 150 AND c.weight IS NOT NULL
        AND (c.status = 'accepted' OR c.status = 'in_transit' AND c.weight >= 0.6 * p.declared_weight)
    UNION ALL BY NAME
    SELECT s.slice, 'documented' AS proof, true AS says, d.id AS fact_id
    FROM slices s JOIN claim_documents d USING (order_id)
    WHERE s.refund_class IN ('damaged', 'returnless') AND (s.claim_id IS NULL OR s.claim_id = d.claim_id)
    UNION ALL BY NAME
    SELECT s.slice, 'approved' AS proof, NOT coalesce(r.requester = r.approver OR a.person = b.person, false) AS says, r.id AS fact_id,
        r.approver AS login, r.session
    FROM slices s JOIN paid_by p USING (slice) JOIN refunds r ON r.id = p.fact_id
    LEFT JOIN people a ON a.login = r.requester LEFT JOIN people b ON b.login = r.approver
    WHERE s.refund_class IN ('adjustment', 'goodwill') AND r.approver IS NOT NULL
        AND (coalesce(r.requester = r.approver, false) OR (a.person IS NOT NULL AND b.person IS NOT NULL))
)
SELECT slice, proof::proof AS proof, says, fact_id, carrier, login FROM rows LEFT JOIN suspects s USING (session)
WHERE NOT says OR s.session IS NULL;


-- Which sources there are, where, and the days on which each was down.

CREATE TEMP TABLE per_day AS
WITH scanned AS (
    SELECT coalesce(carrier, '*') AS place, occurred_at // 86400000000 AS day, count(*) AS held, count(weight) AS weighed,
        count(*) FILTER (status = 'delivered') AS delivered
    FROM scans WHERE held(status) AND occurred_at IS NOT NULL GROUP BY ALL
)
SELECT 'carrier_accepted' AS proof, place, day, held AS facts FROM scanned
UNION ALL SELECT 'weight_plausible', place, day, weighed FROM scanned WHERE weighed > 0
UNION ALL SELECT 'delivered_at_site', place, day, delivered FROM scanned WHERE delivered > 0
UNION ALL SELECT 'dock_manifested', coalesce(site, '*'), occurred_at // 86400000000 AS day, count(*)
    FROM dock_arrivals WHERE occurred_at IS NOT NULL GROUP BY ALL
UNION ALL SELECT 'put_away', coalesce(site, '*'), occurred_at // 86400000000 AS day, count(*)
    FROM dispositions WHERE occurred_at IS NOT NULL GROUP BY ALL;

-- the days around which a slice's fact would have been written on a day without its source
CREATE TEMP TABLE blocked AS
WITH spans AS (
    SELECT proof, place, unnest(range(min(day), max(day) + 1)) AS day FROM per_day GROUP BY proof, place
), filled AS (
    SELECT proof, place, day, coalesce(facts, 0) AS facts,
        median(coalesce(facts, 0)) OVER (PARTITION BY proof, place, day % 7) AS typical
    FROM spans LEFT JOIN per_day USING (proof, place, day)
), reach(proof, back, ahead) AS (
    VALUES ('carrier_accepted', 0, 8), ('weight_plausible', 0, 8), ('delivered_at_site', -1, 3), ('dock_manifested', -1, 2),
        ('put_away', -2, 0)
)
SELECT DISTINCT proof, place, day + unnest(range(back, ahead + 1)) AS day
FROM filled JOIN reach USING (proof) WHERE typical >= 5 AND facts < 0.1 * typical;

CREATE TEMP TABLE sources AS
SELECT
    EXISTS (FROM scans WHERE held(status) AND occurred_at IS NOT NULL) AS carried,
    EXISTS (FROM scans WHERE held(status) AND weight IS NOT NULL AND occurred_at IS NOT NULL) AS weighed,
    EXISTS (FROM scans WHERE status = 'delivered' AND occurred_at IS NOT NULL) AS delivered,
    EXISTS (FROM dock_arrivals WHERE occurred_at IS NOT NULL) AS docked,
    EXISTS (FROM receipts WHERE occurred_at IS NOT NULL) AS received,
    EXISTS (FROM inspections WHERE occurred_at IS NOT NULL) AND EXISTS (FROM staff) AS inspected,
    EXISTS (FROM dispositions WHERE occurred_at IS NOT NULL) AS disposed,
    EXISTS (FROM stock_counts WHERE occurred_at IS NOT NULL) OR EXISTS (FROM resales WHERE occurred_at IS NOT NULL) AS counted,
    EXISTS (FROM claim_documents WHERE occurred_at IS NOT NULL) AS documented,
    EXISTS (FROM refunds WHERE approver IS NOT NULL AND occurred_at IS NOT NULL) AND EXISTS (FROM staff) AS approved;


-- More went back than was paid.

CREATE TEMP TABLE overpaid AS
WITH paid AS (
    SELECT slice, order_id, line_id, amount, line_paid, currency FROM slices
    WHERE amount > 0 AND coalesce(rule, '') <> 'purchase'
), wanted AS (
    SELECT DISTINCT order_id FROM paid
), orders_paid AS (
    SELECT order_id, max(paid) AS paid, max(currency) AS currency FROM orders SEMI JOIN wanted USING (order_id) GROUP BY 1
), lines_paid AS (
    SELECT order_id, sum(paid) AS paid FROM order_lines SEMI JOIN wanted USING (order_id) GROUP BY 1
), refunded AS (
    SELECT order_id, line_id, sum(amount) AS back, max(line_paid) AS paid FROM paid WHERE line_paid IS NOT NULL GROUP BY 1, 2
), replaced AS (
    SELECT r.order_id, r.line_id, sum(coalesce(r.value, l.paid * r.quantity // greatest(l.quantity, 1))) AS back
    FROM replacements r JOIN order_lines l USING (order_id, line_id) GROUP BY 1, 2
), lines AS (
    SELECT f.order_id, f.line_id
    FROM refunded f LEFT JOIN replaced r USING (order_id, line_id) LEFT JOIN orders_paid o USING (order_id)
    LEFT JOIN lines_paid l USING (order_id)
    WHERE f.back + coalesce(r.back, 0) > (f.paid + greatest(coalesce(o.paid - l.paid, 0), 0)) * 1.02
), whole AS (
    SELECT order_id FROM paid JOIN orders_paid o USING (order_id) WHERE paid.currency = o.currency
    GROUP BY order_id HAVING sum(paid.amount) > max(o.paid) * 1.02
)
SELECT slice, order_id FROM paid SEMI JOIN lines USING (order_id, line_id)
UNION SELECT slice, order_id FROM paid SEMI JOIN whole USING (order_id);


-- Every proof's letter, and whether the money stands on evidence.

SET VARIABLE as_of = (SELECT max(known_at) FROM everything);

CREATE TEMP TABLE said AS
WITH late AS (
    -- written down more than two days after the moment it gives: nobody is a witness of it
    SELECT id AS fact_id, true AS late FROM (
        SELECT id, occurred_at, source_recorded_at FROM receipts
        UNION ALL SELECT id, occurred_at, source_recorded_at FROM inspections
        UNION ALL SELECT id, occurred_at, source_recorded_at FROM dispositions
        UNION ALL SELECT id, occurred_at, source_recorded_at FROM dock_arrivals
    ) WHERE source_recorded_at - occurred_at > 2 * 86400000000
)
SELECT slice,
    count(DISTINCT carrier) FILTER (says) AS carriers,
    count(DISTINCT person) FILTER (says AND carrier IS NULL AND late IS NULL) AS persons,
    bool_or(says AND carrier IS NULL AND person IS NULL AND late IS NULL) AS nameless,
    coalesce(list(DISTINCT proof) FILTER (says), []) AS pro, coalesce(list(DISTINCT proof) FILTER (NOT says), []) AS con
FROM evidence LEFT JOIN people USING (login) LEFT JOIN late USING (fact_id) GROUP BY slice;

CREATE TEMP TABLE states AS
WITH parcels_of AS (
    SELECT slice, min(carrier) AS carrier, min(to_site) AS site, bool_or(sent_back) AS turned FROM return_parcels GROUP BY 1
), unplaced AS (
    SELECT DISTINCT slice FROM return_scans WHERE status = 'delivered' AND (postcode IS NULL OR to_postcode IS NULL)
), received AS (
    SELECT slice, min(happened) AS happened, min(site) AS site FROM slice_receipts GROUP BY 1
), placed AS (
    SELECT s.*, p.carrier, p.turned, coalesce(s.site, p.site, r.site) AS at_site, u.slice IS NOT NULL AS unplaced,
        coalesce(r.happened, s.refunded_at, s.first_at) // 86400000000 AS day,
        coalesce(s.refunded_at, s.first_at) + 86400000000 * CASE refund_class WHEN 'return' THEN 14 WHEN 'unclassified' THEN 14
            WHEN 'instant' THEN 30 WHEN 'chargeback' THEN 0 ELSE 7 END AS due_at,
        refund_class IN ('return', 'instant', 'unclassified') AS back,
        coalesce(e.pro, []) AS pro, coalesce(e.con, []) AS con,
        coalesce(e.carriers + greatest(e.persons, if(e.nameless, 1, 0)), 0) AS components
    FROM slices s LEFT JOIN said e USING (slice) LEFT JOIN parcels_of p USING (slice) LEFT JOIN received r USING (slice)
    LEFT JOIN unplaced u USING (slice)
), live AS (
    SELECT list(DISTINCT place) FILTER (proof = 'carrier_accepted') AS accepted,
        list(DISTINCT place) FILTER (proof = 'weight_plausible') AS weighed,
        list(DISTINCT place) FILTER (proof = 'delivered_at_site') AS delivered,
        list(DISTINCT place) FILTER (proof = 'dock_manifested') AS docked,
        list(DISTINCT place) FILTER (proof = 'put_away') AS stowed
    FROM per_day
), silent AS (
    SELECT p.slice,
        coalesce(a.day IS NOT NULL OR NOT list_contains(l.accepted, p.carrier), false) AS accepted,
        coalesce(w.day IS NOT NULL OR NOT list_contains(l.weighed, p.carrier), false) AS weighed,
        coalesce(d.day IS NOT NULL OR NOT list_contains(l.delivered, p.carrier), false) AS delivered,
        -- what turned round ends at a site that no label names
        coalesce(k.day IS NOT NULL OR NOT list_contains(l.docked, p.at_site), p.turned AND
            EXISTS (FROM blocked b WHERE b.proof = 'dock_manifested' AND b.day = p.day), false) AS docked,
        coalesce(t.day IS NOT NULL OR NOT list_contains(l.stowed, p.at_site), p.turned AND
            EXISTS (FROM blocked b WHERE b.proof = 'put_away' AND b.day = p.day), false) AS stowed
    FROM placed p CROSS JOIN live l
    LEFT JOIN blocked a ON a.proof = 'carrier_accepted' AND a.place = p.carrier AND a.day = p.day
    LEFT JOIN blocked w ON w.proof = 'weight_plausible' AND w.place = p.carrier AND w.day = p.day
    LEFT JOIN blocked d ON d.proof = 'delivered_at_site' AND d.place = p.carrier AND d.day = p.day
    LEFT JOIN blocked k ON k.proof = 'dock_manifested' AND k.place = p.at_site AND k.day = p.day
    LEFT JOIN blocked t ON t.proof = 'put_away' AND t.place = p.at_site AND t.day = p.day
), lettered AS (
    SELECT p.*,
        letter(back, 'carrier_accepted' IN con, 'carrier_accepted' IN pro,
            NOT f.carried OR due_at IS NULL OR q.accepted, due_at) AS carrier_accepted,
        letter(back AND (unit_weight IS NOT NULL OR 'weight_plausible' IN pro OR 'weight_plausible' IN con),
            'weight_plausible' IN con, 'weight_plausible' IN pro,
            NOT f.weighed OR due_at IS NULL OR q.weighed, due_at) AS weight_plausible,
        letter(back, 'delivered_at_site' IN con, 'delivered_at_site' IN pro,
            NOT f.delivered OR due_at IS NULL OR q.delivered OR unplaced, due_at) AS delivered_at_site,
        letter(back, 'dock_manifested' IN con, 'dock_manifested' IN pro,
            NOT f.docked OR due_at IS NULL OR q.docked, due_at) AS dock_manifested,
        letter(back, 'item_scanned' IN con, 'item_scanned' IN pro, NOT f.received OR due_at IS NULL, due_at) AS item_scanned,
        letter(back, 'inspected' IN con, 'inspected' IN pro, NOT f.inspected OR due_at IS NULL, due_at) AS inspected,
        letter(back, 'put_away' IN con, 'put_away' IN pro, NOT f.disposed OR due_at IS NULL OR q.stowed, due_at) AS put_away,
        letter(back, 'counted_or_resold' IN con, 'counted_or_resold' IN pro,
            NOT f.counted OR due_at IS NULL, due_at) AS counted_or_resold,
        letter(refund_class = 'cancelled', 'not_dispatched' IN con, 'not_dispatched' IN pro,
            NOT f.carried OR due_at IS NULL, due_at) AS not_dispatched,
        letter(refund_class = 'not_received', 'not_delivered' IN con, 'not_delivered' IN pro,
            NOT f.delivered OR due_at IS NULL, due_at) AS not_delivered,
        CASE WHEN claim_kind IS DISTINCT FROM 'empty_box' OR refund_class NOT IN ('not_received', 'damaged') THEN 'N'
            WHEN 'left_light' IN con THEN 'A' WHEN 'left_light' IN pro THEN 'T' ELSE 'U' END AS left_light,
        letter(refund_class IN ('damaged', 'returnless'), 'documented' IN con, 'documented' IN pro,
            NOT f.documented OR due_at IS NULL, due_at) AS documented,
        letter(refund_class IN ('adjustment', 'goodwill'), 'approved' IN con, 'approved' IN pro,
            NOT f.approved OR due_at IS NULL, due_at) AS approved
    FROM placed p JOIN silent q USING (slice) CROSS JOIN sources f
), grouped AS (
    SELECT *, CASE
        WHEN back THEN [either(carrier_accepted, dock_manifested),
            either(if(dock_manifested = 'T', 'T', delivered_at_site), dock_manifested),
            either(item_scanned, inspected), either(put_away, counted_or_resold)]
        WHEN refund_class IN ('damaged', 'returnless') THEN [documented]
        WHEN refund_class = 'not_received' THEN [not_delivered]
        WHEN refund_class = 'cancelled' THEN [not_dispatched]
        WHEN refund_class IN ('adjustment', 'goodwill') THEN [approved]
        ELSE [] END AS needed
    FROM lettered
)
SELECT g.* EXCLUDE (pro, con, back, day, needed), CASE
    WHEN o.slice IS NOT NULL OR list_has_any(needed, ['C', 'A']) THEN 'gap'
    WHEN list_contains(needed, 'P') THEN 'not_yet_due'
    WHEN list_has_any(needed, ['U', 'N']) THEN 'unchecked'
    ELSE 'supported' END AS standing
FROM grouped g LEFT JOIN (SELECT DISTINCT slice FROM overpaid) o USING (slice);


-- The detectors: which slices each names. The facts that each finding rests on follow below.

-- the documents that back the claims of several accounts
CREATE TEMP TABLE reused AS
WITH known AS (
    SELECT id, claim_id, order_id, account_id, unnest([content, picture, number]) AS digest, unnest(['content', 'picture', 'number']) AS kind
    FROM claim_documents WHERE account_id IS NOT NULL
), crowded AS (
    SELECT kind, digest FROM known WHERE digest <> '' GROUP BY ALL HAVING count(DISTINCT account_id) > 1
)
SELECT DISTINCT id, claim_id, order_id FROM known SEMI JOIN crowded USING (kind, digest);

CREATE TEMP TABLE hits AS
WITH received AS (
    SELECT slice, bool_or(quantity > 0) AS filled, bool_or(entry_mode = 'scan') AS scanned, sum(quantity) AS units,
        bool_or(entry_mode IN ('keyed', 'api') AND quantity > 0) AS by_hand,
        bool_or(source_recorded_at - happened > 2 * 86400000000) AS late
    FROM slice_receipts GROUP BY 1
), turned AS (
    SELECT DISTINCT slice FROM return_parcels WHERE sent_back
), first_scan AS (
    SELECT DISTINCT slice, carrier, to_site, happened FROM return_scans
    WHERE happened IS NOT NULL AND NOT sent_back AND status = 'accepted' QUALIFY happened = min(happened) OVER (PARTITION BY slice)
), taken AS (
    SELECT f.slice, f.carrier, f.to_site, r.happened - f.happened AS taken
    FROM first_scan f JOIN (SELECT slice, min(happened) AS happened FROM slice_receipts WHERE quantity > 0 AND happened IS NOT NULL GROUP BY 1) r USING (slice)
), ranked AS (
    SELECT *, count(*) OVER (PARTITION BY carrier, to_site) AS parcels,
        row_number() OVER (PARTITION BY carrier, to_site ORDER BY taken) - 1 AS place
    FROM taken
), floors AS (
    SELECT carrier, to_site, greatest(taken // 2, 14400000000) AS floor FROM ranked WHERE parcels >= 200 AND place = parcels // 200
)
SELECT 'back_dated_record' AS detector, slice FROM received WHERE late
UNION ALL SELECT 'delivered_without_receipt', slice FROM states ANTI JOIN received USING (slice)
    WHERE dock_manifested IN ('A', 'U') AND item_scanned = 'A' AND put_away IN ('A', 'U') AND delivered_at_site IN ('T', 'C')
UNION ALL SELECT 'destination_mismatch', slice FROM states WHERE delivered_at_site = 'C' AND dock_manifested <> 'T'
UNION ALL SELECT DISTINCT 'document_reuse', s.slice
    FROM slices s JOIN reused USING (claim_id, order_id)
UNION ALL SELECT 'double_dip', slice FROM overpaid
UNION ALL SELECT 'empty_return_received', slice FROM received JOIN slices USING (slice) WHERE units = 0 AND amount > 0
UNION ALL SELECT DISTINCT 'faster_than_lane', slice FROM taken t LEFT JOIN floors f
    ON f.carrier = t.carrier AND f.to_site = t.to_site WHERE t.taken < coalesce(f.floor, 14400000000)
UNION ALL SELECT 'keyed_receipt', slice FROM received WHERE by_hand AND NOT scanned
UNION ALL SELECT DISTINCT 'not_received_against_delivery', slice FROM evidence WHERE proof = 'not_delivered' AND NOT says
UNION ALL SELECT 'phantom_unit', slice FROM states JOIN received USING (slice)
    WHERE filled AND ((put_away = 'A' AND counted_or_resold IN ('A', 'U')) OR put_away = 'C' OR counted_or_resold = 'C')
UNION ALL SELECT 'receipt_without_arrival', slice FROM states JOIN received USING (slice)
    WHERE filled AND carrier_accepted IN ('A', 'U') AND dock_manifested IN ('A', 'U')
        AND 'A' IN (carrier_accepted, dock_manifested) AND delivered_at_site <> 'T'
UNION ALL SELECT 'refund_without_order', slice FROM slices s
    WHERE amount > 0 AND (rule IN ('no_customer', 'no_purchase', 'no_article') OR (order_id IS NOT NULL
        AND NOT EXISTS (FROM orders o WHERE o.order_id = s.order_id) AND NOT EXISTS (FROM order_lines l WHERE l.order_id = s.order_id)))
UNION ALL SELECT 'sent_back_without_return', slice FROM states SEMI JOIN turned USING (slice) ANTI JOIN received USING (slice)
    WHERE dock_manifested = 'A' AND item_scanned IN ('A', 'U')
UNION ALL SELECT 'stalled_return', slice FROM states ANTI JOIN received USING (slice) ANTI JOIN turned USING (slice)
    WHERE carrier_accepted = 'T' AND delivered_at_site = 'A' AND dock_manifested IN ('A', 'U')
UNION ALL SELECT DISTINCT 'weight_mismatch', slice FROM evidence WHERE proof = 'weight_plausible' AND NOT says;

-- another unit came back than was sent, or it is in use after its return
CREATE TEMP TABLE wrong_units AS
SELECT e.slice, e.fact_id, 'receipt' AS role FROM evidence e
SEMI JOIN (SELECT slice, fact_id FROM slice_receipts WHERE quantity > 0) f USING (slice, fact_id)
WHERE e.proof = 'item_scanned' AND NOT e.says
UNION ALL SELECT e.slice, e.fact_id, 'inspection' FROM evidence e JOIN inspections i ON i.id = e.fact_id
    WHERE e.proof = 'inspected' AND NOT e.says AND i.result IN ('mismatch_instance', 'mismatch_class')
UNION ALL SELECT e.slice, e.fact_id, 'in_use' FROM evidence e SEMI JOIN activations a ON a.id = e.fact_id
    WHERE e.proof = 'counted_or_resold' AND NOT e.says;

INSERT INTO hits SELECT DISTINCT 'serial_mismatch', slice FROM wrong_units;

-- one person, or one session, did two of: authorise, receive, ask, approve
CREATE TEMP TABLE duties AS
WITH acts AS (
    SELECT s.slice, a.id AS fact_id, 'authorise' AS duty, a.actor AS login, a.session
    FROM slices s JOIN return_authorisations a USING (rma_id, order_id, line_id)
    UNION ALL SELECT slice, fact_id, 'receive', actor, session FROM slice_receipts
    UNION ALL SELECT p.slice, r.id, 'ask', r.requester, NULL FROM paid_by p JOIN refunds r ON r.id = p.fact_id
    UNION ALL SELECT p.slice, r.id, 'approve', r.approver, r.session FROM paid_by p JOIN refunds r ON r.id = p.fact_id
), whose AS (
    SELECT slice, fact_id, duty, coalesce(person, 'login ' || login) AS who FROM acts LEFT JOIN people USING (login) WHERE login IS NOT NULL
    UNION ALL SELECT slice, fact_id, duty, 'session ' || session FROM acts WHERE login IS NOT NULL AND session IS NOT NULL
), crowded AS (
    SELECT slice, who FROM whose GROUP BY ALL HAVING min(duty) <> max(duty)
)
SELECT DISTINCT w.slice, w.fact_id, w.duty FROM whose w SEMI JOIN crowded USING (slice, who);

CREATE TABLE found AS
WITH facts AS (
    -- the refunds of whatever was found
    SELECT h.detector, h.slice, unnest(s.paid_by) AS fact_id, 'refund' AS role FROM hits h JOIN slices s USING (slice)
    UNION ALL SELECT h.detector, slice, label_fact, 'label' FROM hits h JOIN return_parcels USING (slice)
        WHERE h.detector IN ('delivered_without_receipt', 'destination_mismatch', 'receipt_without_arrival', 'stalled_return',
            'weight_mismatch')
    UNION ALL SELECT h.detector, slice, r.fact_id, 'receipt' FROM hits h JOIN slice_receipts r USING (slice) WHERE CASE h.detector
        WHEN 'back_dated_record' THEN r.source_recorded_at - r.happened > 2 * 86400000000
        WHEN 'keyed_receipt' THEN r.entry_mode IN ('keyed', 'api') AND r.quantity > 0
        ELSE h.detector IN ('empty_return_received', 'faster_than_lane', 'phantom_unit', 'receipt_without_arrival') END
    UNION ALL SELECT h.detector, slice, c.fact_id,
            CASE h.detector WHEN 'delivered_without_receipt' THEN 'delivered_scan'
                WHEN 'sent_back_without_return' THEN 'sent_back_scan' ELSE 'scan' END
        FROM hits h JOIN return_scans c USING (slice) WHERE CASE h.detector
            WHEN 'delivered_without_receipt' THEN c.status = 'delivered'
            WHEN 'sent_back_without_return' THEN c.status = 'return_to_sender'
            WHEN 'faster_than_lane' THEN c.status <> 'pre_transit'
            ELSE h.detector = 'stalled_return' END
    UNION ALL SELECT h.detector, slice, e.fact_id, CASE h.detector
            WHEN 'weight_mismatch' THEN 'weighing' WHEN 'phantom_unit' THEN 'not_found' ELSE 'delivered_scan' END
        FROM hits h JOIN evidence e USING (slice) WHERE NOT e.says AND CASE h.detector
            WHEN 'destination_mismatch' THEN e.proof = 'delivered_at_site'
            WHEN 'not_received_against_delivery' THEN e.proof = 'not_delivered'
            WHEN 'phantom_unit' THEN e.proof IN ('put_away', 'counted_or_resold')
            ELSE h.detector = 'weight_mismatch' AND e.proof = 'weight_plausible' END
    UNION ALL SELECT h.detector, slice, c.id, 'claim' FROM hits h JOIN slices s USING (slice) JOIN claims c USING (claim_id)
        WHERE h.detector = 'not_received_against_delivery'
    UNION ALL SELECT h.detector, slice, r.id, 'replacement' FROM hits h JOIN slices s USING (slice) JOIN replacements r USING (order_id)
        WHERE h.detector = 'double_dip'
    UNION ALL SELECT h.detector, slice, d.id, 'document' FROM hits h JOIN slices s USING (slice)
        JOIN reused d USING (claim_id, order_id) WHERE h.detector = 'document_reuse'
    UNION ALL SELECT 'serial_mismatch', slice, fact_id, role FROM wrong_units
    UNION ALL SELECT 'duty_collapse', slice, fact_id, duty FROM duties
)
SELECT DISTINCT f.detector, s.slice_id AS subject, f.fact_id, f.role FROM facts f JOIN slices s USING (slice) WHERE f.fact_id IS NOT NULL;
