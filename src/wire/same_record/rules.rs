//! The known collections whose servers change records in their own ways.

/// The changes of a server to the fields of a collection, in addition to the general ones. Fields
/// of objects are named by their path, `status.date`; an element of a list has the path of the
/// list.
pub(super) struct Rules {
    pub(super) collection: &'static str,
    /// The server sets it and ignores the client's value.
    pub(super) server_made: &'static [&'static str],
    /// The server sets it if it is absent, and stores the sent value otherwise, even if its
    /// description declares it read-only. If an update omitted it, the server would generate a new
    /// value or reject the update.
    pub(super) generated: &'static [&'static str],
    /// The server adds it with this value if it is absent.
    pub(super) defaults: &'static [(&'static str, Default)],
    /// Lists of records contain it, but a record with it is rejected (422, unrecognized field).
    pub(super) shown: &'static [&'static str],
    /// Lists whose order is not preserved.
    pub(super) unordered: &'static [&'static str],
    /// Lists whose elements are unique by the schema (`uniqueItems`): the server drops duplicates.
    pub(super) unique: &'static [&'static str],
    /// Times of day are stored without seconds.
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

/// A collection without known rules.
pub(super) static NONE: Rules = rules("");

/// The server-generated fields and defaults of collections. All are recorded (`POST`, then the
/// record read back), except for the paths `/inventory/…`: mod-inventory stores the same records in
/// mod-inventory-storage.
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
