/** Lets staff end a refund during which the shop stopped, as they found it at the payment provider. Moves no money. */
import { Args, Mutation, Resolver } from "@nestjs/graphql"
import { Allow, Ctx, Permission, type RequestContext, UserInputError } from "@vendure/core"
import gql from "graphql-tag"
import { Counter } from "./counter"

export const SCHEMA = gql`
  extend type Mutation {
    "Ends a refund that broke off while it was being paid. Moves no money: one that failed has to be asked for anew."
    endUnclearRefund(request: String!, paid: Boolean!): Boolean!
  }
`

@Resolver()
export class UnclearResolver {
  constructor(private readonly counter: Counter) {}

  @Mutation()
  @Allow(Permission.UpdateOrder)
  async endUnclearRefund(@Ctx() ctx: RequestContext, @Args() args: { request: string; paid: boolean }): Promise<boolean> {
    if (!(await this.counter.end(ctx, args.request, args.paid))) throw new UserInputError("there is no such request, or it is not unclear")
    return true
  }
}
