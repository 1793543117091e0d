/** The plug-in's two tables. Of one payment and amount at most one request is open, whoever asks and however often. */
import { Migration } from "@medusajs/framework/mikro-orm/migrations"

const STAMPS = `"created_at" timestamptz not null default now(), "updated_at" timestamptz not null default now(), "deleted_at" timestamptz null`

export class Migration20261122120000 extends Migration {
  override async up(): Promise<void> {
    this.addSql(`create table if not exists "beleg_refund" (
      "id" text not null primary key, "payment_id" text not null, "amount" text not null, "claim" jsonb not null, "state" text not null,
      "round" integer not null, "decision_id" text null, "reservation_id" text null, "reservation_expires_at" timestamptz null,
      "reasons" jsonb not null, "would_release" jsonb not null, "deadline" text null, "policy_version" text null, "open_mode" boolean not null,
      "refund_id" text null, "told" boolean not null, "attempts" integer not null, "next_at" timestamptz null, "last_error" text null,
      "payload" jsonb not null, ${STAMPS})`)
    this.addSql(`create unique index if not exists "IDX_beleg_refund_open" on "beleg_refund" ("payment_id", "amount")
      where "state" in ('waiting', 'held', 'released', 'paying', 'unclear')`)
    this.addSql(`create index if not exists "IDX_beleg_refund_decision_id" on "beleg_refund" ("decision_id")`)
    this.addSql(`create index if not exists "IDX_beleg_refund_next_at" on "beleg_refund" ("next_at")`)
    this.addSql(`create table if not exists "beleg_event" (
      "id" text not null primary key, "type" text not null, "body" text not null, "attempts" integer not null, "next_at" timestamptz null,
      "last_error" text null, ${STAMPS})`)
    this.addSql(`create index if not exists "IDX_beleg_event_next_at" on "beleg_event" ("next_at")`)
  }

  override async down(): Promise<void> {
    this.addSql(`drop table if exists "beleg_refund"`)
    this.addSql(`drop table if exists "beleg_event"`)
  }
}
