/** How the mails to customers of one incident stand (R4.5): GET /api/incidents/:id/customer-mails. */
export interface CustomerMailsReading {
  readonly mails: readonly {
    readonly edition: string;
    readonly subject: string;
    readonly waiting: number;
    readonly sent: number;
    readonly refused: number;
    readonly bounced: number;
    readonly notDelivered: readonly { readonly customerId: string; readonly words: string }[];
  }[];
}
