//! What is known of the collections whose records servers change in their own ways.

/// What a server does with the fields of a collection, besides what all do. Fields of objects are
/// named by their path, `status.date`; an element of a list has the path of the list.
pub(super) struct Rules {
    pub(super) collection: &'static str,
    /// The server sets it, whatever is sent.
    pub(super) server_made: &'static [&'static str],
    /// The server sets it where it is left out, and keeps what is sent, also where its description
    /// says that it is read-only. Left out of an update, it would be made anew or rejected.
    pub(super) generated: &'static [&'static str],
    /// The server adds it where it is left out, with this value.
    pub(super) defaults: &'static [(&'static str, Default)],
    /// Lists of records show it, and a record that has it is rejected (422, unrecognized field).
    pub(super) shown: &'static [&'static str],
    /// Lists whose order is not kept.
    pub(super) unordered: &'static [&'static str],
    /// Lists whose elements are unique by the schema (`uniqueItems`): the server drops
    /// repetitions.
    pub(super) unique: &'static [&'static str],
    /// Times of day are stored without their seconds.
    pub(super) whole_minutes: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Default {
    True,
    Text(&'static str),
}

pub(super) const fn rules(collection: &'static str) -> Rules {
    Rules {
        collection,
        server_made: &[],
        generated: &[],
        defaults: &[],
        shown: &[],
        unordered: &[],
        unique: &[],
        whole_minutes: false,
    }
}

/// A collection of which nothing is known.
pub(super) static NONE: Rules = rules("");

/// The server-made fields and defaults of collections. All are recorded (`POST` and the record read
/// back), except for the paths `/inventory/…`, behind which mod-inventory stores the same records
/// in mod-inventory-storage.
pub(super) static RULES: [Rules; 19] = [
    Rules {
        server_made: &["createdDate", "updatedDate"],
        unique: &["departments", "preferredEmailCommunication"],
        ..rules("/users")
    },
    Rules {
        server_made: &["usageNumber"],
        ..rules("/departments")
    },
    // `publicationPeriod` until Quesnelia.
    Rules {
        server_made: &["statusUpdatedDate"],
        generated: &["hrid", "publicationPeriod"],
        unique: &[
            "alternativeTitles",
            "editions",
            "natureOfContentTermIds",
            "publicationFrequency",
            "publicationRange",
            "series",
            "statisticalCodeIds",
            "subjects",
        ],
        ..rules("/instance-storage/instances")
    },
    Rules {
        server_made: &["statusUpdatedDate"],
        generated: &["hrid", "publicationPeriod"],
        ..rules("/inventory/instances")
    },
    // Lists add `holdingsItems` and `bareHoldingsItems`.
    Rules {
        server_made: &["effectiveLocationId", "holdingsItems", "bareHoldingsItems"],
        shown: &["holdingsItems", "bareHoldingsItems"],
        generated: &["hrid"],
        unique: &["formerIds", "statisticalCodeIds"],
        ..rules("/holdings-storage/holdings")
    },
    Rules {
        server_made: &[
            "effectiveLocationId",
            "effectiveCallNumberComponents",
            "effectiveShelvingOrder",
            "status.date",
        ],
        generated: &["hrid"],
        unique: &["formerIds", "statisticalCodeIds", "yearCaption"],
        ..rules("/item-storage/items")
    },
    Rules {
        server_made: &[
            "effectiveLocation",
            "effectiveLocationId",
            "effectiveCallNumberComponents",
            "effectiveShelvingOrder",
            "status.date",
        ],
        generated: &["hrid"],
        ..rules("/inventory/items")
    },
    Rules {
        defaults: &[(
            "holdShelfClosedLibraryDateManagement",
            Default::Text("Keep_the_current_due_date"),
        )],
        ..rules("/service-points")
    },
    Rules {
        defaults: &[("active", Default::True)],
        ..rules("/staff-slips-storage/staff-slips")
    },
    Rules {
        generated: &["holdingsRecordId", "instanceId"],
        ..rules("/accounts")
    },
    Rules {
        unique: &["organizationTypes"],
        ..rules("/organizations-storage/organizations")
    },
    Rules {
        generated: &["nextPolNumber", "workflowStatus"],
        ..rules("/orders-storage/purchase-orders")
    },
    Rules {
        generated: &["paymentStatus", "receiptStatus"],
        defaults: &[("cost.discountType", Default::Text("percentage"))],
        ..rules("/orders-storage/po-lines")
    },
    Rules {
        generated: &["receivingStatus", "statusUpdatedDate"],
        ..rules("/orders-storage/pieces")
    },
    Rules {
        generated: &["nextInvoiceLineNumber", "subTotal"],
        ..rules("/invoice-storage/invoices")
    },
    Rules {
        generated: &["allocated"],
        ..rules("/finance-storage/ledgers")
    },
    // The server adds them as 0.0, and transactions change them.
    Rules {
        generated: &[
            "allocated",
            "allocationFrom",
            "allocationTo",
            "awaitingPayment",
            "credits",
            "encumbered",
            "expenditures",
            "initialAllocation",
            "netTransfers",
        ],
        ..rules("/finance-storage/budgets")
    },
    Rules {
        whole_minutes: true,
        ..rules("/calendar/calendars")
    },
    // `type` is the name of the type that `typeId` names.
    Rules {
        server_made: &["type"],
        unordered: &["links"],
        ..rules("/notes")
    },
];
