//! Invented titles, names and subjects, in several languages and scripts.

use crate::generate::random::Random;

/// A language: its code, its percentage of the records, and the components of its titles.
pub(super) struct Language {
    pub(super) code: &'static str,
    share: usize,
    /// `1`, `2` and `3` represent a word of the lists.
    patterns: &'static [&'static str],
    words: [&'static [&'static str]; 3],
    family: &'static [&'static str],
    given: &'static [&'static str],
    /// A title in Latin letters for scripts that are not.
    pub(super) romanized: bool,
}

const LANGUAGES: [Language; 12] = [
    Language {
        code: "eng",
        share: 52,
        patterns: &[
            "The 1 2",
            "A 1 history of 3",
            "2 and 3",
            "Notes on the 1 2",
            "3: an introduction",
            "The 2 of 3",
            "On 1 2s",
            "A 2 in 3",
            "Essays on 3 and the 2",
            "The 1 2 : a study of 3",
            "Readings in 3",
            "What the 2 knew",
            "3 for the 1 reader",
        ],
        words: [
            &[
                "quiet",
                "northern",
                "hidden",
                "early",
                "broken",
                "modern",
                "green",
                "patient",
                "silent",
                "golden",
                "lesser",
                "common",
                "wandering",
                "rural",
                "bright",
                "narrow",
                "forgotten",
                "second",
                "long",
                "winter",
                "open",
                "coastal",
                "painted",
                "iron",
            ],
            &[
                "river", "harbour", "mirror", "garden", "orchard", "bridge", "letter", "machine",
                "island", "archive", "lantern", "clock", "atlas", "forest", "village", "weaver",
                "compass", "library", "storm", "market", "valley", "painter", "engine", "tide",
                "road", "window",
            ],
            &[
                "agriculture",
                "navigation",
                "printing",
                "astronomy",
                "music theory",
                "public health",
                "weaving",
                "economics",
                "translation",
                "glaciers",
                "railways",
                "linguistics",
                "statistics",
                "migration",
                "beekeeping",
                "architecture",
                "coastal birds",
                "medieval law",
                "chemistry",
                "education",
                "photography",
                "soil science",
                "theatre",
                "bookbinding",
                "café culture",
                "number theory",
            ],
        ],
        family: &[
            "Ashdown",
            "Bellweather",
            "Carrow",
            "Dunmore",
            "Ellery",
            "Fairbank",
            "Goodacre",
            "Hartnell",
            "Ivory",
            "O'Dell",
            "Smith-Lane",
            "Thorne",
        ],
        given: &[
            "Alice", "Benjamin", "Clara", "David", "Edith", "Frank", "Grace", "Henry", "Judith",
            "Marcus", "Nora", "Peter",
        ],
        romanized: false,
    },
    Language {
        code: "ger",
        share: 10,
        patterns: &[
            "Die 1 2",
            "Geschichte der 3",
            "3 und Gesellschaft",
            "Über 3",
            "Einführung in die 3",
            "Das Buch der 3 : eine 1 2",
        ],
        words: [
            &[
                "große",
                "stille",
                "neue",
                "alte",
                "schöne",
                "süße",
                "verlorene",
                "frühe",
            ],
            &[
                "Brücke",
                "Straße",
                "Erzählung",
                "Bibliothek",
                "Werkstatt",
                "Landschaft",
                "Übersetzung",
                "Küste",
            ],
            &[
                "Mühlen",
                "Chemie",
                "Forstwirtschaft",
                "Pädagogik",
                "Schifffahrt",
                "Bienenzucht",
                "Ökologie",
                "Vermessung",
            ],
        ],
        family: &[
            "Brückner",
            "Gänßler",
            "Hölderer",
            "Krüger",
            "Löwenstein",
            "Müßig",
            "Schäfer",
            "Weiß",
        ],
        given: &[
            "Anneliese",
            "Dörte",
            "Günter",
            "Jürgen",
            "Käthe",
            "Lothar",
            "Søren",
            "Ursula",
        ],
        romanized: false,
    },
    Language {
        code: "fre",
        share: 7,
        patterns: &[
            "L'art de la 3",
            "La 2 1",
            "Histoire de la 3",
            "Essai sur la 3",
            "Une 2 1 : récits",
        ],
        words: [
            &[
                "secrète",
                "dernière",
                "bleue",
                "étrangère",
                "cachée",
                "légère",
            ],
            &["forêt", "île", "maison", "fenêtre", "rivière", "mémoire"],
            &[
                "musique",
                "navigation",
                "géométrie",
                "pêche",
                "médecine",
                "traduction",
            ],
        ],
        family: &[
            "Beauchêne",
            "Delaforêt",
            "Lefèvre",
            "Noël",
            "Prévost",
            "Rivière",
        ],
        given: &[
            "Aurélie",
            "Benoît",
            "Cécile",
            "François",
            "Hélène",
            "Jérôme",
        ],
        romanized: false,
    },
    Language {
        code: "spa",
        share: 6,
        patterns: &[
            "El 2 1",
            "Historia de la 3",
            "Apuntes sobre la 3",
            "¿Qué es la 3?",
        ],
        words: [
            &["perdido", "pequeño", "último", "antiguo"],
            &["río", "jardín", "corazón", "camino", "niño"],
            &[
                "música",
                "educación",
                "navegación",
                "lingüística",
                "señalización",
            ],
        ],
        family: &["Ibáñez", "Muñoz", "Núñez", "Quiñones", "Zúñiga"],
        given: &["Álvaro", "Concepción", "Íñigo", "Inés", "José"],
        romanized: false,
    },
    Language {
        code: "pol",
        share: 4,
        patterns: &["1 2", "Historia 3", "Szkice o 3"],
        words: [
            &["Cichy", "Żółty", "Mały", "Wielki"],
            &["ogród", "księżyc", "świat", "źródło"],
            &["żeglugi", "muzyki", "łąki", "pszczół"],
        ],
        family: &["Dąbrowski", "Łęcki", "Śliwa", "Żak"],
        given: &["Łukasz", "Małgorzata", "Stanisław", "Zofia"],
        romanized: false,
    },
    Language {
        code: "rus",
        share: 5,
        patterns: &["1 2", "История 3", "Введение в 3"],
        words: [
            &["Тихий", "Старый", "Зелёный", "Северный"],
            &["сад", "берег", "город", "лес"],
            &["музыки", "мореплавания", "химии", "образования"],
        ],
        family: &["Берёзов", "Журавлёв", "Соколова", "Яковлева"],
        given: &["Алексей", "Вера", "Мария", "Фёдор"],
        romanized: true,
    },
    Language {
        code: "gre",
        share: 2,
        patterns: &["Ο 1 2", "Ιστορία της 3"],
        words: [
            &["μικρός", "παλιός"],
            &["κήπος", "δρόμος", "καιρός"],
            &["μουσικής", "ναυτιλίας", "χημείας"],
        ],
        family: &["Αλεξίου", "Παπαδής"],
        given: &["Ελένη", "Νίκος"],
        romanized: true,
    },
    Language {
        code: "heb",
        share: 2,
        patterns: &["2 1", "תולדות 3"],
        words: [
            &["שקט", "ישן"],
            &["גן", "נהר", "ספר"],
            &["המוזיקה", "הדפוס", "הכימיה"],
        ],
        family: &["אלוני", "שקד"],
        given: &["דוד", "רות"],
        romanized: true,
    },
    Language {
        code: "ara",
        share: 3,
        patterns: &["2 1", "تاريخ 3", "مدخل إلى 3"],
        words: [
            &["قديمة", "هادئة"],
            &["حديقة", "مدينة", "رسالة"],
            &["الموسيقى", "الملاحة", "الترجمة"],
        ],
        family: &["الحكيم", "المصري"],
        given: &["ليلى", "يوسف"],
        romanized: true,
    },
    Language {
        code: "chi",
        share: 4,
        patterns: &["1的2", "3史", "3概论"],
        words: [
            &["安静", "古老", "北方"],
            &["花园", "河流", "图书馆"],
            &["音乐", "航海", "化学", "翻译"],
        ],
        family: &["王", "李", "張"],
        given: &["小明", "文华", "月"],
        romanized: true,
    },
    Language {
        code: "jpn",
        share: 3,
        patterns: &["1い2", "3の歴史", "3入門 : 2をめぐって"],
        words: [
            &["静かな古", "長", "青"],
            &["庭", "川", "橋"],
            &["音楽", "ガラス工芸", "ことば"],
        ],
        family: &["佐藤", "山田"],
        given: &["花子", "けんじ"],
        romanized: true,
    },
    Language {
        code: "kor",
        share: 2,
        patterns: &["1 2", "3의 역사"],
        words: [
            &["조용한", "오래된"],
            &["정원", "강", "도서관"],
            &["음악", "항해", "번역"],
        ],
        family: &["김", "박"],
        given: &["민수", "지영"],
        romanized: true,
    },
];

impl Language {
    /// A language, as often as it has its share.
    pub(super) fn any(random: &mut Random) -> &'static Self {
        let mut place = random.below(LANGUAGES.iter().map(|language| language.share).sum());
        for language in &LANGUAGES {
            match place.checked_sub(language.share) {
                Some(rest) => place = rest,
                None => return language,
            }
        }
        &LANGUAGES[0]
    }

    /// A title. The number of the record makes most of them differ from all others.
    pub(super) fn title(&self, random: &mut Random, number: u32) -> String {
        let mut title = String::with_capacity(64);
        for c in random.of_list(self.patterns).chars() {
            let list = match c {
                '1' => self.words[0],
                '2' => self.words[1],
                '3' => self.words[2],
                c => {
                    title.push(c);
                    continue;
                }
            };
            title.push_str(random.of_list(list));
        }
        match random.below(20) {
            0..5 => title.push_str(&format!(" {}", 1500 + number % 520)),
            5..9 => title.push_str(&format!(". Volume {}", 1 + number % 40)),
            9..12 => title.push_str(&format!(" / {}", self.name(random))),
            12 => title.push_str(" [electronic resource]"),
            _ => {}
        }
        title
    }

    /// The name of a person, the family's first.
    pub(super) fn name(&self, random: &mut Random) -> String {
        let (family, given) = (random.of_list(self.family), random.of_list(self.given));
        format!("{family}, {given}")
    }
}

pub(super) const SUBJECTS: [&str; 20] = [
    "Agriculture -- History",
    "Astronomy -- Observations",
    "Bees -- Behavior",
    "Book industries and trade",
    "Bridges -- Design and construction",
    "Chemistry -- Study and teaching",
    "Coasts -- Management",
    "Education, Rural",
    "Forests and forestry",
    "Glaciers -- Fieldwork",
    "Harbors -- Maps",
    "Islands in literature",
    "Law, Medieval",
    "Libraries -- Automation",
    "Music -- Manuscripts",
    "Navigation -- Tables",
    "Paper, Handmade",
    "Railroads -- Timetables",
    "Translating and interpreting",
    "Weaving -- Patterns",
];

pub(super) const PUBLISHERS: [(&str, &str); 10] = [
    ("Northlight Press", "Harbour"),
    ("Delta Editions", "Rivermouth"),
    ("Meadow House", "Upper Valley"),
    ("Kiln & Co.", "Claytown"),
    ("Abacus Books", "Harbour"),
    ("Workbench", "Ironbridge"),
    ("Édition Cantus", "Île-Haute"),
    ("Verlag Grünwald", "Neustadt an der Mühle"),
    ("Северное издательство", "Северогорск"),
    ("海辺書房", "港町"),
];

const SENTENCES: [&str; 12] = [
    "The first part gathers letters that were found when the harbour office moved to its present rooms.",
    "Includes tables of tides, wages and prices, with the sources from which they were compiled.",
    "Some copies lack the map that the list of plates mentions; see the holdings.",
    "The author's preface explains why the third chapter was withdrawn from the earlier printing.",
    "Accompanied by a booklet (24 pages) in a pocket of the binding.",
    "Text in several languages; parallel columns “as in the manuscript”, with a glossary.",
    "A reprint with corrections of the edition that appeared in parts between 1911 and 1914.",
    "Issued also as an electronic resource; pagination of that version differs.",
    "The index was prepared by the students of a seminar on documentary editing.",
    "Bibliography: pages 301–324. Errata slip tipped in at page 8.",
    "Title from the cover; the title page has a longer form \"with additions\".",
    "Cataloguing based on volume 2 (1987); earlier volumes were not seen.",
];

/// A note of so many sentences.
pub(super) fn note(random: &mut Random, sentences: usize) -> String {
    let mut note = String::new();
    for index in 0..sentences {
        if index > 0 {
            note.push(' ');
        }
        note.push_str(random.of_list(&SENTENCES));
    }
    note
}
