/** The plug-in's two tables in the shop's own database: refunds on their way through the gate, and what the gate has yet to be told. */
import type { Claim, State } from "@beleg/gate-client"
import { type DeepPartial, VendureEntity } from "@vendure/core"
import { Column, Entity, Index } from "typeorm"

/** Milliseconds since 1970: PostgreSQL and MySQL hand big integers over as text. */
const MILLISECONDS = {
  type: "bigint" as const,
  nullable: true,
  transformer: { to: (value: number | null) => value, from: (value: string | number | null) => (value === null ? null : Number(value)) },
}

@Entity()
export class BelegRefund extends VendureEntity {
  constructor(input?: DeepPartial<BelegRefund>) {
    super(input)
  }

  @Index({ unique: true })
  @Column()
  request!: string

  @Column("simple-json")
  claim!: Claim

  @Column("varchar")
  state!: State

  @Column()
  round!: number

  @Index()
  @Column("varchar", { nullable: true })
  decision_id!: string | null

  @Column("varchar", { nullable: true })
  reservation_id!: string | null

  @Column(MILLISECONDS)
  reservation_expires_at!: number | null

  @Column("simple-json")
  reasons!: string[]

  @Column("simple-json")
  would_release!: string[]

  @Column("varchar", { nullable: true })
  deadline!: string | null

  @Column("varchar", { nullable: true })
  policy_version!: string | null

  @Column()
  open_mode!: boolean

  @Column("varchar", { nullable: true })
  refund_id!: string | null

  @Column()
  told!: boolean

  @Column()
  attempts!: number

  @Index()
  @Column(MILLISECONDS)
  next_at!: number | null

  @Column("text", { nullable: true })
  last_error!: string | null

  @Column("simple-json")
  payload!: Record<string, unknown>
}

@Entity()
export class BelegEvent extends VendureEntity {
  constructor(input?: DeepPartial<BelegEvent>) {
    super(input)
  }

  @Index({ unique: true })
  @Column()
  event!: string

  @Column()
  type!: string

  @Column("text")
  body!: string

  @Column()
  attempts!: number

  @Index()
  @Column(MILLISECONDS)
  next_at!: number | null

  @Column("text", { nullable: true })
  last_error!: string | null
}
