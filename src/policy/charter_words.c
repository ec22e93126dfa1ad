/* SPDX-License-Identifier: Apache-2.0 */
/* The word lists. Languages: English, Portuguese, Spanish, French, German,
 * mixed in each list because a policy's texts may be in any of them. Editing
 * rule: a word goes in when it names the forbidden thing itself; a word that
 * only sometimes does belongs in docs/charter/known-misses.tsv instead. */

#include "policy/charter_words.h"

/* Filled lines. */
/* clang-format off */

#define WORDS(name) static const char *const name[]

WORDS(politics) = {
    "politic*", "politik*", "partisan*", "election*", "electoral", "eleicao", "eleicoes", "wahlen",
    "voter*", "voting record", "ballot*", "parliament*", "political party", "party member*",
    "protest*", "demonstrator*", "street demonstration*", "petition*", "peticao", "rally",
    "rallies", "activis*", "dissident*", "dissent*", "opinion*", "free speech", "speech", "censor*",
    "propaganda", "patriot*", "loyalty to the state", "manifestacao", "manifestation*", "meinung*",
    "lobbying", "ideolog*",
};
WORDS(belief) = {
    "relig*", "church*", "mosque*", "synagog*", "prayer*", "praying", "worship*", "faith", "faiths",
    "belief*", "atheis*", "christian*", "muslim*", "islam*", "jewish", "judaism", "hindu*",
    "buddhis*", "sikh*", "baptis*", "bible", "quran", "koran", "torah", "igreja*", "iglesia*",
    "eglise*", "kirche*", "glaube*", "oracao", "missa", "creed*", "sermon*", "clergy", "godly",
    "halal", "kosher",
};
WORDS(origin) = {
    "race", "racial*", "raca", "rasse", "ethnic*", "etnia*", "ethnie*", "skin colour", "skin color",
    "nationalit*", "nacionalidad*", "staatsangehor*", "citizenship", "migrant*", "migration*",
    "immigra*", "emigra*", "refugee*", "refugiad*", "asylum*", "asyl", "birthplace",
    "place of birth", "country of birth", "country of origin", "origin of the person",
    "native language", "mother tongue", "native speaker*", "accent", "visa status",
    "residence permit", "roma people", "indigenous", "caste", "tribe", "tribal", "ancestry",
};
WORDS(health) = {
    "health", "healthy", "saude", "salud", "sante", "gesundheit*", "medical*", "medicine*",
    "medication*", "diagnos*", "disease*", "illness*", "sick", "sickness", "sick leave", "doenca*",
    "krank*", "maladie*", "disab*", "deficiencia", "behinder*", "handicap*", "pregnan*", "gravidez",
    "schwanger*", "embaraz*", "blood", "blood donation*", "organ donation*", "organ donor*",
    "donate blood", "vaccin*", "impf*", "therapy", "therapist*", "psychiatr*", "mental state",
    "hospital*", "hiv", "cancer", "weight loss", "body weight", "bmi", "smoking", "smoker*",
    "alcohol*", "drug use", "drug test*", "fitness", "steps walked", "sleep", "calorie*",
    "abortion*", "allerg*",
};
WORDS(sex) = {
    "gender*", "sex", "sexual*", "sexo", "sexe", "geschlecht*", "sexualit*", "gay", "lesbian*",
    "bisexual*", "transgender*", "homosexual*", "heterosexual*", "lgbt*", "queer*",
    "sexual orientation", "masculin*", "feminin*", "male", "female", "manly", "womanly",
};
WORDS(labour) = {
    "union", "unions", "trade union*", "union member*", "labour union*", "labor union*",
    "sindicat*", "syndicat*", "gewerkschaft*", "on strike", "strike action", "strikes", "striker*",
    "greve", "huelga*", "streik*", "picket*", "collective bargaining", "works council",
};
WORDS(biometrics) = {
    "biometr*", "fingerprint*", "iris scan*", "retina*", "face", "faces", "facial*",
    "face recognition", "voiceprint*", "gait", "dna", "genetic*", "genom*", "emotion*", "mood",
    "moods", "smile detection", "selfie*", "gesicht*", "rosto", "visage*", "impressao digital",
    "heart rate", "pulse rate", "eye tracking",
};
WORDS(offences) = {
    "crime*", "criminal*", "crimin*", "offence*", "offense*", "offender*", "convict*", "arrest*",
    "court order*", "court ordered", "court", "courts", "prison*", "jail*", "inmate*", "accus*",
    "police", "policia", "polizei", "felon*", "misdemean*", "probation*", "parole*", "suspect",
    "suspects", "suspected", "indict*", "sentenced", "straftat*", "strafregister", "delito*",
    "delit", "delits", "tribunal*", "gericht*", "traffic fine*", "driving ban*", "theft", "thief",
    "fraudster*", "shoplift*", "jaywalk*",
};
WORDS(family) = {
    "famil*", "household*", "spouse*", "husband*", "wife", "wives", "marriage*", "married", "marries", "divorc*", "parent",
    "parents", "mother", "mothers", "father", "fathers", "grandparent*", "children of",
    "has children", "sibling*", "brother", "brothers", "sister", "sisters", "relative", "relatives",
    "kin", "kinship", "friend", "friends", "friendship*", "boyfriend*", "girlfriend*", "roommate*",
    "flatmate*", "agregado familiar", "conjuge*", "casad*", "amig*", "familien*", "ehe",
    "ehepartner*", "eltern", "freund*", "verwandt*", "mariage*", "epou*", "enfant*", "filhos",
    "hijos", "kinder", "guilt by association", "social circle", "contacts of",
};
WORDS(income) = {
    "income*", "salary", "salaries", "wage", "wages", "earnings", "debt", "debts", "indebted*",
    "debtor*", "credit history", "credit score*", "credit card*", "bank account*", "purchase*",
    "buy", "buys", "buying", "bought", "shopping", "spending", "spend", "spent on", "welfare",
    "benefits claimant*", "social benefit*", "unemploy*", "tax", "taxes", "tax return*", "wealth*",
    "rich", "poor", "poverty", "donation*", "donate*", "donor*", "money gift*", "gifts of money",
    "mortgage*", "loan default*", "bankrupt*", "invoice*", "salario*", "renda", "ingresos",
    "compra", "compras", "achats", "revenu", "revenus", "einkommen*", "gehalt*", "schulden*",
    "einkauf*", "divida", "dividas", "spende*", "doacao", "doacoes",
};
WORDS(online) = {
    "online activity", "social media", "social network*", "redes sociais", "redes sociales",
    "reseaux sociaux", "soziale medien", "facebook", "instagram", "tiktok", "twitter", "youtube",
    "whatsapp", "telegram", "wechat", "weibo", "linkedin", "reddit", "snapchat", "hashtag*",
    "followers", "tweet*", "retweet*", "browsing", "browser history", "search history",
    "web history", "website visit*", "screen time", "video game*", "gaming", "video watched",
    "posts read", "topics viewed", "forum*", "blog post*", "newspaper*", "media consumption",
    "read the news", "chat log*", "chat message*", "private message*", "email content*", "login*",
    "app usage", "clicks", "likes", "upvote*", "up vote*", "downvote*", "down vote*",
    "stack overflow", "reputation site",
};
WORDS(location) = {
    "location*", "gps", "geofence*", "geolocat*", "coordinates", "latitude*", "longitude*",
    "whereabouts", "presence at", "presence in", "presence detect*", "check in", "check ins",
    "checkin", "checkins", "tracked", "tracking", "tracker*", "device*", "phone", "phones",
    "smartphone*", "sim card*", "mac address*", "ip address*", "wi fi", "wifi", "bluetooth",
    "cell tower*", "localizacao", "ubicacion", "standort*", "ortung", "gerat*", "telemovel",
    "curfew*", "home address*", "licence plate*", "license plate*", "number plate*",
};
WORDS(lifestyle) = {
    "lifestyle*", "life style", "manners", "mannered", "politeness", "polite", "rude", "rudeness",
    "attitude*", "demeanour", "demeanor", "filial*", "piety", "respect for elders", "dress code",
    "clothing", "clothes", "tattoo*", "haircut*", "diet", "vegetarian*", "vegan*", "moral*",
    "virtue*", "decency", "civility", "good citizen*", "model citizen*", "honest person",
    "character of", "good character", "etiquette", "estilo de vida", "style de vie", "lebensstil*",
    "hoflich*", "sincerity", "obedien*", "quarrel*", "gossip*", "hobby", "hobbies",
};
WORDS(disputes) = {
    "complaint*", "complain", "complains", "complained", "dispute filed", "disputes filed",
    "disputes", "lawsuit*", "sued", "litigation*", "whistleblow*", "whistle blow*", "appeals filed",
    "data request*", "access request*", "opt out", "opted out", "opting out", "withdrawal*",
    "withdrew", "withdrawn consent", "objection*", "reclamacao", "reclamacoes", "reclamation*",
    "beschwerde*", "queja*", "exercise of rights", "pressure report*", "refused to share",
};
WORDS(inferred) = {
    "inferred*", "infer", "predict*", "likelihood*", "propensity*", "probability of", "risk score*",
    "risk level*", "risk of the member", "personality*", "trait", "traits", "intelligence", "iq",
    "aptitude*", "trustworth*", "reliability score*", "psychometr*", "profiling",
    "machine learning", "ai score*", "model output*", "vertrauenswurdig*", "vorhersage*",
    "previsao", "prevision", "prediccion", "character score*", "creditworth*",
};
WORDS(standing) = {
    "rent", "rents", "rent arrears", "tenant*", "tenancy", "landlord*", "evict*", "housing",
    "mortgage payment*", "school grade*", "school mark*", "school performance", "school attendance",
    "exam", "exams", "exam result*", "gpa", "test scores", "pupil grade*", "homework",
    "job performance", "performance review*", "work performance", "sales target*",
    "employee rating*", "productivity", "overtime", "promotion at work", "appraisal*",
    "notas escolares", "schulnote*", "mieter*", "miete", "inquilino*", "locataire*",
    "arbeitsleistung*", "absenteeism",
};
WORDS(cross) = {
    "credit score*", "social score*", "social credit", "trust score*", "life score*",
    "citizen score*", "citizen rating*", "other programme*", "other program*", "other site*",
    "another programme", "another site", "reputation elsewhere", "score elsewhere",
    "external score*", "external rating*", "imported score*", "schufa", "fico", "overall standing",
    "combined score*",
};
WORDS(monitor) = {
    "camera*", "cctv", "video surveillance", "surveillance", "webcam*", "drone*", "sensor*", "gps",
    "beacon*", "facial*", "face", "social media", "facebook", "instagram", "tiktok", "twitter",
    "x twitter", "weibo", "wechat", "linkedin", "browser", "browsing", "search engine*", "bank",
    "banks", "payment*", "purchase*", "shop", "shops", "retailer*", "loyalty card*", "card issuer*",
    "telecom*", "phone operator*", "mobile operator*", "police", "informant*", "informer*",
    "neighbourhood watch", "microphone*", "smart meter*", "smart home", "wearable*",
    "fitness tracker*", "data broker*", "scraper*", "crawler*", "advert*", "licence plate*",
    "license plate*", "geofence*", "location*", "kamera*", "caixa automatica", "videovigilancia",
    "polizei", "policia",
};
WORDS(negative) = {
    "bad", "badly", "fail", "fails", "failed", "failure*", "late", "lateness", "rejected",
    "rejection*", "broken", "broke", "missed", "absent*", "absence*", "no show*", "noshow*",
    "cancelled late", "late cancellation*", "penalt*", "violation*", "violat*", "infraction*",
    "fault*", "defect*", "spam*", "flagged", "downvote*", "down vote*", "dislike*", "negative*",
    "warning*", "warned", "demerit*", "misconduct", "misdeed*", "wrongdoing", "unreliable",
    "default", "defaulted", "incident*", "strike against", "punish*", "reprimand*", "suspend*",
    "silenced",
};
WORDS(predicted) = {
    "risk", "risks", "risky", "risk score*", "risk level*", "likelihood*", "predict*",
    "propensity*", "probabilit*", "forecast*", "prognos*", "trait", "traits", "inferred*",
    "machine learning", "neural", "model score*", "expected behaviour", "expected behavior",
    "vorhersage*", "risiko*", "risco", "riesgo", "risque*",
};
WORDS(essential) = {
    "housing", "flat", "apartment*", "tenancy", "rent", "rental*", "shelter", "health*",
    "hospital*", "doctor*", "clinic*", "medical*", "medicine*", "dentist*", "school*",
    "university*", "kindergarten*", "nursery", "childcare", "child care", "creche*",
    "admission to school", "work", "job", "jobs", "employment", "hiring", "wage*", "salary", "pay",
    "bonus pay", "promotion", "credit", "loan rate*", "bank loan*", "mortgage*", "interest rate*",
    "insurance*", "premium discount", "public aid", "welfare", "social benefit*", "pension*",
    "food aid", "food stamp*", "unemployment", "travel", "train ticket*", "rail ticket*", "flight*",
    "passport*", "visa*", "border*", "transport pass*", "bus pass*", "water", "electricity",
    "power supply", "gas supply", "heating", "internet access", "utilities", "utility bill*",
    "residence permit*", "citizenship", "legal status", "voting", "vote", "ballot*", "court",
    "legal aid", "justice", "police", "emergency*", "ambulance*", "fire brigade", "rescue",
    "wohnung*", "kredit*", "versicherung*", "krankenhaus*", "schule*", "habitacao", "emprego*",
    "seguro", "escola*", "hospitais", "vivienda", "empleo", "logement*", "emploi*", "assurance*",
};
WORDS(shaming) = {
    "blacklist*", "black list*", "blocklist*", "block list*", "banned", "ban list*", "shame*",
    "shaming", "name and shame", "untrustworth*", "dishonest*", "deadbeat*", "laolai",
    "bad citizen*", "worst", "bottom of", "hall of shame", "unreliable", "loser*",
    "problem member*", "troublemaker*", "suspicious", "discredited", "disgrace*", "offender*",
    "failing member*", "lista negra", "liste noire", "schwarze liste", "caloteiro*", "naughty",
    "defaulter*", "leaderboard*", "leader board*", "ranking of members", "rank list*",
    "public list*",
};
WORDS(power) = {
    "police*", "policia*", "polizei*", "gendarmer*", "immigration*", "border agency",
    "border force", "border guard*", "lender*", "bank", "banks", "banco", "banque",
    "credit bureau*", "credit agency", "insurer*", "insurance*", "versicherung*", "seguradora*",
    "assureur*", "landlord*", "letting agen*", "property manager*", "vermieter*", "senhorio*",
    "data broker*", "debt collector*", "collection agency", "secret service", "intelligence agency",
    "prosecutor*", "schufa", "credit reference*", "tax office", "tax authority",
};
WORDS(person) = {
    "owner name*", "owners name*", "name of the owner", "manager name*", "name of the manager",
    "employee name*", "staff name*", "chef name*", "name of the chef", "director name*",
    "date of birth", "home address*", "person name", "named person*", "first name*", "last name*",
    "surname*", "personal phone*", "personal email*", "owner", "proprietor*", "employee*",
    "waiter*", "staff member*",
};

/* clang-format on */

#undef WORDS
#define LIST(id, right, code, about, words) \
    [id] = { id, right, code, about, words, sizeof(words) / sizeof((words)[0]) }
#define R9(id, about, words) LIST(id, "R9", "E_FORBIDDEN_SUBJECT", about, words)

static const tally_charter_words lists[TALLY_WORDS_LISTS] = {
    R9(TALLY_WORDS_POLITICS, "politics, speech or protest", politics),
    R9(TALLY_WORDS_BELIEF, "belief", belief),
    R9(TALLY_WORDS_ORIGIN, "race, origin, migration or language", origin),
    R9(TALLY_WORDS_HEALTH, "health, disability, pregnancy or donation", health),
    R9(TALLY_WORDS_SEX, "sex, orientation or gender", sex),
    R9(TALLY_WORDS_UNION, "unions or strikes", labour),
    R9(TALLY_WORDS_BIOMETRICS, "biometrics or emotion", biometrics),
    R9(TALLY_WORDS_OFFENCES, "offences or accusations", offences),
    R9(TALLY_WORDS_FAMILY, "family, household or friends", family),
    R9(TALLY_WORDS_INCOME, "income, debt, purchases, welfare or money gifts", income),
    R9(TALLY_WORDS_ONLINE, "online activity or media", online),
    R9(TALLY_WORDS_LOCATION, "location, presence or devices", location),
    R9(TALLY_WORDS_LIFESTYLE, "lifestyle, manners or attitude", lifestyle),
    R9(TALLY_WORDS_DISPUTES, "complaints, disputes or use of rights", disputes),
    R9(TALLY_WORDS_INFERRED, "inferred or predicted traits", inferred),
    R9(TALLY_WORDS_STANDING, "housing, school or job performance", standing),
    LIST(TALLY_WORDS_CROSS, "R7", "E_CROSS_PROGRAMME", "a score from another programme", cross),
    LIST(TALLY_WORDS_MONITOR, "R10", "E_SOURCE", "a source that watches people", monitor),
    LIST(TALLY_WORDS_NEGATIVE, "R13", "E_NO_OBLIGATION", "an outcome held against a person",
         negative),
    LIST(TALLY_WORDS_PREDICTED, "R16", "E_NOT_REPRODUCIBLE", "risk, traits or prediction",
         predicted),
    LIST(TALLY_WORDS_ESSENTIAL, "R17", "E_BENEFIT_CLASS", "an essential of life", essential),
    LIST(TALLY_WORDS_SHAMING, "R20", "E_PUBLIC_NEGATIVE", "public shaming or ranking", shaming),
    LIST(TALLY_WORDS_POWER, "R4", "E_SPONSOR_CLASS", "a body with power over people", power),
    LIST(TALLY_WORDS_PERSON, "R35", "E_NOT_AN_ORG", "a person", person),
};

const tally_charter_words *tally_charter_words_of(tally_charter_list list)
{
    return &lists[list];
}
