//! The kinds of records of Spring modules: their classes, fields and messages.

use crate::modules::spring::dto::{DtoClass, Field, Method, Reads};
use crate::modules::spring::facts::{Dialect, Facts};

static TAG: DtoClass = DtoClass {
    class: "org.folio.tags.domain.dto.TagDto",
    fields: &[
        Field {
            versioned: true,
            ..Field::of("id", Reads::Text)
        },
        Field::required("label", Reads::Text),
        Field::of("description", Reads::Text),
    ],
};

static NOTE_TYPE: DtoClass = DtoClass {
    class: "org.folio.notes.domain.dto.NoteType",
    fields: &[
        Field::of("id", Reads::Uuid),
        Field {
            longest: Some(255),
            ..Field::required("name", Reads::Text)
        },
        Field::of("usage", Reads::Ignored),
    ],
};

static LINK: DtoClass = DtoClass {
    class: "org.folio.notes.domain.dto.Link",
    fields: &[
        Field::required("id", Reads::Text),
        Field::required("type", Reads::Text),
    ],
};

static NOTE: DtoClass = DtoClass {
    class: "org.folio.notes.domain.dto.Note",
    fields: &[
        Field::of("id", Reads::Uuid),
        Field::required("typeId", Reads::Uuid),
        Field::of("type", Reads::Text),
        Field::required("title", Reads::Text),
        Field::required("domain", Reads::Text),
        Field::of("content", Reads::Text),
        Field::of("popUpOnCheckOut", Reads::Bool),
        Field::of("popUpOnUser", Reads::Bool),
        Field::of("links", Reads::List(&Reads::Record(&LINK))),
    ],
};

pub(super) const NOTES: Facts = Facts {
    path: "/notes",
    short: "title",
    named: "Note with ID",
    operations: ["getNoteCollection", "", "", ""],
    entity: "org.folio.notes.domain.entity.NoteEntity",
    unique: None,
    fields: &[
        "id",
        "title",
        "domain",
        "content",
        "type",
        "links",
        "popUpOnCheckOut",
        "popUpOnUser",
        "createdDate",
        "createdBy",
        "updatedDate",
        "updatedBy",
    ],
    dialect: Dialect::Notes,
    body: Some((
        &NOTE,
        [
            Method {
                argument: 0,
                signature: "org.folio.notes.domain.dto.Note> org.folio.notes.controller.NotesController.createNote(org.folio.notes.domain.dto.Note)",
            },
            Method {
                argument: 1,
                signature: "java.lang.Void> org.folio.notes.controller.NotesController.updateNote(java.util.UUID,org.folio.notes.domain.dto.Note)",
            },
        ],
    )),
};

pub(super) const CALENDARS: Facts = Facts {
    path: "/calendar/calendars",
    short: "",
    named: "",
    operations: ["searchCalendars", "", "", ""],
    entity: "",
    unique: None,
    fields: &[],
    dialect: Dialect::Calendar,
    body: None,
};

pub(super) const KINDS: [Facts; 4] = [
    Facts {
        path: "/tags",
        named: "Tag with id",
        operations: [
            "getTagCollection",
            "getTagById",
            "putTagById",
            "deleteTagById",
        ],
        entity: "org.folio.tags.dao.model.Tag",
        unique: Some("label"),
        short: "label",
        fields: &[
            "id",
            "label",
            "description",
            "createdDate",
            "createdBy",
            "updatedDate",
            "updatedBy",
        ],
        dialect: Dialect::Tags,
        body: Some((
            &TAG,
            [
                Method {
                    argument: 0,
                    signature: "org.folio.tags.domain.dto.TagDto> org.folio.tags.controller.TagsController.postTag(org.folio.tags.domain.dto.TagDto)",
                },
                Method {
                    argument: 1,
                    signature: "java.lang.Void> org.folio.tags.controller.TagsController.putTagById(java.lang.String,org.folio.tags.domain.dto.TagDto)",
                },
            ],
        )),
    },
    Facts {
        path: "/note-types",
        named: "Note type with ID",
        operations: ["getNoteTypeCollection", "", "", ""],
        entity: "org.folio.notes.domain.entity.NoteTypeEntity",
        unique: Some("name"),
        short: "name",
        fields: &[
            "id",
            "name",
            "createdDate",
            "createdBy",
            "updatedDate",
            "updatedBy",
        ],
        dialect: Dialect::Notes,
        body: Some((
            &NOTE_TYPE,
            [
                Method {
                    argument: 0,
                    signature: "org.folio.notes.domain.dto.NoteType> org.folio.notes.controller.NoteTypesController.createNoteType(org.folio.notes.domain.dto.NoteType)",
                },
                Method {
                    argument: 1,
                    signature: "java.lang.Void> org.folio.notes.controller.NoteTypesController.updateNoteType(java.util.UUID,org.folio.notes.domain.dto.NoteType)",
                },
            ],
        )),
    },
    NOTES,
    CALENDARS,
];
