//! The texts that come with the crate, by language. Words only: the catalogue finds the language and puts the
//! parts together.
//!
//! How they are written, so that one more language fits in:
//!
//! - Polite and neutral, as a bank of the country writes; right for women and men, and for any purpose.
//! - Grammatical for any number of minutes, any amount and any payee. So the minute is abbreviated where its
//!   noun has a plural, and the payee stands after a label where a name would be inflected.
//! - No full stop right after the payee, who may bring one along (`Shop Ltd.`), and words between two values,
//!   lest a payee `Studio 54` lend its number to the amount.
//! - In an SMS the code comes first, or nearly: a lock screen shows the beginning. In Arabic and Persian it
//!   has to stand before the first letter: after one, the groups of a code such as `123-456` change places
//!   (UAX 9, rules W2 and W4).
//! - A language in Latin script keeps its SMS to the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1),
//!   where 160 characters go into one message: a single letter outside it leaves 70. It chooses words that
//!   are spelt with that alphabet. Where none are natural and the country writes its SMS without accents
//!   anyway, so does the text.
//! - An email is in full spelling.

use super::{Ready, Words};

/// By locale, in order.
pub(in crate::message) const READY: &[Ready] = &[
    Ready {
        locale: "ar",
        aliases: &[],
        right_to_left: true,
        any: Words {
            sms: "{{CODE}} هو رمز التحقق، صالح لمدة {{MINUTES}} د. يُرجى عدم مشاركته.",
            subject: "رمز التحقق الخاص بك",
            intro: "رمز التحقق الخاص بك هو:",
            outro: "الرمز صالح لمدة {{MINUTES}} د. يُرجى عدم مشاركته مع أي شخص. إذا لم يُرسل بناءً على طلبك، \
                    فيُرجى تجاهل هذه الرسالة.",
        },
        payment: Words {
            sms: "{{CODE}} هو رمز دفع {{AMOUNT}} إلى {{PAYEE}}، صالح لمدة {{MINUTES}} د. يُرجى عدم مشاركته.",
            subject: "رمز تأكيد الدفع",
            intro: "لتأكيد دفع {{AMOUNT}} إلى {{PAYEE}}، يُرجى استخدام هذا الرمز:",
            outro: "الرمز صالح لهذه الدفعة فقط ولمدة {{MINUTES}} د. يُرجى عدم مشاركته مع أي شخص. إذا لم تكن \
                    هذه الدفعة صادرة عنك، فيُرجى عدم استخدام الرمز.",
        },
    },
    Ready {
        locale: "bg",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} е Вашият код, валиден {{MINUTES}} мин. Не го споделяйте.",
            subject: "Вашият еднократен код",
            intro: "Вашият еднократен код е:",
            outro: "Кодът е валиден {{MINUTES}} мин. Никога не го споделяйте с никого. Ако не сте го \
                    поискали, не обръщайте внимание на това съобщение.",
        },
        payment: Words {
            sms: "{{CODE}} е Вашият код за плащане на {{AMOUNT}} към {{PAYEE}}, валиден {{MINUTES}} мин. Не \
                  го споделяйте.",
            subject: "Код за потвърждаване на плащане",
            intro: "За да потвърдите плащането на {{AMOUNT}} към {{PAYEE}}, използвайте този код:",
            outro: "Кодът е валиден {{MINUTES}} мин. и само за това плащане. Никога не го споделяйте с \
                    никого. Ако не Вие извършвате това плащане, не използвайте кода.",
        },
    },
    Ready {
        locale: "ca",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} és el seu codi, vàlid {{MINUTES}} min. No el comparteixi mai.",
            subject: "El seu codi d’un sol ús",
            intro: "Aquest és el seu codi d’un sol ús:",
            outro: "El codi és vàlid durant {{MINUTES}} min. No el comparteixi mai amb ningú. Si no l’ha \
                    demanat, ignori aquest missatge.",
        },
        payment: Words {
            sms: "{{CODE}} és el seu codi per pagar {{AMOUNT}} a {{PAYEE}}, vàlid {{MINUTES}} min. No el \
                  comparteixi mai.",
            subject: "Codi per confirmar el seu pagament",
            intro: "Per confirmar el pagament de {{AMOUNT}} a {{PAYEE}}, utilitzi aquest codi:",
            outro: "El codi és vàlid durant {{MINUTES}} min i només per a aquest pagament. No el \
                    comparteixi mai amb ningú. Si no ha iniciat aquest pagament, no utilitzi el codi.",
        },
    },
    // Without accents in an SMS, as is customary.
    Ready {
        locale: "cs",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} je Vas kod, plati {{MINUTES}} min. Nikomu ho nesdelujte.",
            subject: "Váš jednorázový kód",
            intro: "Váš jednorázový kód je:",
            outro: "Kód platí {{MINUTES}} min. Nikdy ho nikomu nesdělujte. Pokud jste o něj nežádali, tuto \
                    zprávu ignorujte.",
        },
        payment: Words {
            sms: "{{CODE}} je Vas kod k platbe {{AMOUNT}}, prijemce {{PAYEE}}, plati {{MINUTES}} min. \
                  Nikomu ho nesdelujte.",
            subject: "Kód k potvrzení platby",
            intro: "K potvrzení platby {{AMOUNT}} (příjemce: {{PAYEE}}) použijte tento kód:",
            outro: "Kód platí {{MINUTES}} min a pouze pro tuto platbu. Nikdy ho nikomu nesdělujte. Pokud \
                    jste tuto platbu nezadali, kód nepoužívejte.",
        },
    },
    Ready {
        locale: "da",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} er din kode, gyldig i {{MINUTES}} min. Del den aldrig med andre.",
            subject: "Din engangskode",
            intro: "Her er din engangskode:",
            outro: "Koden er gyldig i {{MINUTES}} min. Del den aldrig med andre. Hvis du ikke har bedt om \
                    koden, kan du se bort fra denne besked.",
        },
        payment: Words {
            sms: "{{CODE}} er din kode til at betale {{AMOUNT}} til {{PAYEE}}, gyldig i {{MINUTES}} min. \
                  Del den aldrig med andre.",
            subject: "Kode til at bekræfte din betaling",
            intro: "Brug denne kode til at bekræfte betalingen på {{AMOUNT}} til {{PAYEE}}:",
            outro: "Koden er gyldig i {{MINUTES}} min. og kun til denne betaling. Del den aldrig med andre. \
                    Hvis du ikke har startet denne betaling, må du ikke bruge koden.",
        },
    },
    // No word with ß: the text serves Switzerland too.
    Ready {
        locale: "de",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} ist Ihr Code, gültig für {{MINUTES}} Min. Geben Sie ihn nie weiter.",
            subject: "Ihr Einmalcode",
            intro: "Ihr Einmalcode lautet:",
            outro: "Der Code ist {{MINUTES}} Min. gültig. Geben Sie ihn niemals an andere weiter. Wenn Sie \
                    keinen Code angefordert haben, ignorieren Sie diese Nachricht.",
        },
        payment: Words {
            sms: "{{CODE}} ist Ihr Code zur Zahlung von {{AMOUNT}} an {{PAYEE}}, gültig für {{MINUTES}} \
                  Min. Geben Sie ihn nie weiter.",
            subject: "Code zur Bestätigung Ihrer Zahlung",
            intro: "Um die Zahlung von {{AMOUNT}} an {{PAYEE}} zu bestätigen, verwenden Sie diesen Code:",
            outro: "Der Code gilt {{MINUTES}} Min. und nur für diese Zahlung. Geben Sie ihn niemals \
                    an andere weiter. Wenn Sie diese Zahlung nicht veranlasst haben, verwenden Sie den Code \
                    nicht.",
        },
    },
    // In small letters, which make an SMS UCS-2: capitals would fit GSM-7, but they shout.
    Ready {
        locale: "el",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "Κωδικός {{CODE}}, ισχύει {{MINUTES}} λεπ. Μην τον δώσετε σε κανέναν.",
            subject: "Ο κωδικός μίας χρήσης σας",
            intro: "Ο κωδικός μίας χρήσης σας είναι:",
            outro: "Ο κωδικός ισχύει για {{MINUTES}} λεπ. Μην τον κοινοποιήσετε ποτέ σε κανέναν. Αν δεν τον \
                    ζητήσατε, αγνοήστε αυτό το μήνυμα.",
        },
        payment: Words {
            sms: "Κωδικός {{CODE}} για πληρωμή {{AMOUNT}} προς {{PAYEE}}, ισχύει {{MINUTES}} λεπ. Μην τον \
                  δώσετε σε κανέναν.",
            subject: "Κωδικός επιβεβαίωσης πληρωμής",
            intro: "Για να επιβεβαιώσετε την πληρωμή ποσού {{AMOUNT}} προς {{PAYEE}}, χρησιμοποιήστε αυτόν \
                    τον κωδικό:",
            outro: "Ο κωδικός ισχύει για {{MINUTES}} λεπ. και μόνο για αυτήν την πληρωμή. Μην τον \
                    κοινοποιήσετε ποτέ σε κανέναν. Αν δεν ξεκινήσατε εσείς αυτήν την πληρωμή, μη \
                    χρησιμοποιήσετε τον κωδικό.",
        },
    },
    Ready {
        locale: "en",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} is your code, valid for {{MINUTES}} min. Never share it with anyone.",
            subject: "Your one-time code",
            intro: "This is your one-time code:",
            outro: "The code is valid for {{MINUTES}} min. Never share it with anyone. If you did not ask \
                    for it, ignore this message.",
        },
        payment: Words {
            sms: "{{CODE}} is your code to pay {{AMOUNT}} to {{PAYEE}}, valid for {{MINUTES}} min. Never \
                  share it with anyone.",
            subject: "Code to confirm your payment",
            intro: "To confirm the payment of {{AMOUNT}} to {{PAYEE}}, use this code:",
            outro: "The code is valid for {{MINUTES}} min and for this payment only. Never share it with \
                    anyone. If you did not start this payment, do not use the code.",
        },
    },
    // An SMS says `clave`: `código` and `válida` have letters that GSM-7 has not.
    Ready {
        locale: "es",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} es su clave de un solo uso y expira en {{MINUTES}} min. No la comparta con nadie.",
            subject: "Su código de un solo uso",
            intro: "Este es su código de un solo uso:",
            outro: "El código es válido durante {{MINUTES}} min. No lo comparta nunca con nadie. Si no lo \
                    ha solicitado, ignore este mensaje.",
        },
        payment: Words {
            sms: "{{CODE}} es su clave para pagar {{AMOUNT}} a {{PAYEE}} y expira en {{MINUTES}} min. No la \
                  comparta con nadie.",
            subject: "Código para confirmar su pago",
            intro: "Para confirmar el pago de {{AMOUNT}} a {{PAYEE}}, use este código:",
            outro: "El código es válido durante {{MINUTES}} min y solo para este pago. No lo comparta nunca \
                    con nadie. Si no ha iniciado este pago, no use el código.",
        },
    },
    Ready {
        locale: "et",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} on teie kood, kehtib {{MINUTES}} min. Ärge avaldage seda kellelegi.",
            subject: "Teie ühekordne kood",
            intro: "Teie ühekordne kood on:",
            outro: "Kood kehtib {{MINUTES}} min. Ärge avaldage seda kunagi kellelegi. Kui te ei ole koodi \
                    küsinud, jätke see kiri tähelepanuta.",
        },
        payment: Words {
            sms: "{{CODE}} on teie maksekood: saaja {{PAYEE}}, summa {{AMOUNT}}. Kehtib {{MINUTES}} min. \
                  Ärge avaldage seda kellelegi.",
            subject: "Makse kinnitamise kood",
            intro: "Makse kinnitamiseks (saaja: {{PAYEE}}, summa: {{AMOUNT}}) kasutage seda koodi:",
            outro: "Kood kehtib {{MINUTES}} min ja ainult selle makse jaoks. Ärge avaldage seda kunagi \
                    kellelegi. Kui te ei ole seda makset algatanud, ärge koodi kasutage.",
        },
    },
    // In emails with the zero-width non-joiner that Persian spelling asks for.
    Ready {
        locale: "fa",
        aliases: &[],
        right_to_left: true,
        any: Words {
            sms: "{{CODE}} کد شماست و {{MINUTES}} دقیقه اعتبار دارد. آن را به کسی ندهید.",
            subject: "کد یک\u{200c}بارمصرف شما",
            intro: "کد یک\u{200c}بارمصرف شما:",
            outro: "این کد {{MINUTES}} دقیقه اعتبار دارد. هرگز آن را به کسی ندهید. اگر شما این کد را \
                    درخواست نکرده\u{200c}اید، این پیام را نادیده بگیرید.",
        },
        payment: Words {
            sms: "{{CODE}} کد پرداخت {{AMOUNT}} به {{PAYEE}} است و {{MINUTES}} دقیقه اعتبار دارد. آن را به \
                  کسی ندهید.",
            subject: "کد تأیید پرداخت",
            intro: "برای تأیید پرداخت {{AMOUNT}} به {{PAYEE}}، از این کد استفاده کنید:",
            outro: "این کد {{MINUTES}} دقیقه و فقط برای همین پرداخت اعتبار دارد. هرگز آن را به کسی ندهید. \
                    اگر این پرداخت را شما آغاز نکرده\u{200c}اید، از این کد استفاده نکنید.",
        },
    },
    Ready {
        locale: "fi",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} on koodisi, voimassa {{MINUTES}} min. Älä kerro sitä kenellekään.",
            subject: "Kertakäyttökoodisi",
            intro: "Tässä on kertakäyttökoodisi:",
            outro: "Koodi on voimassa {{MINUTES}} min. Älä koskaan kerro sitä kenellekään. Jos et ole \
                    pyytänyt koodia, voit jättää tämän viestin huomiotta.",
        },
        payment: Words {
            sms: "{{CODE}} on maksukoodisi: saaja {{PAYEE}}, summa {{AMOUNT}}. Voimassa {{MINUTES}} min. \
                  Älä kerro sitä kenellekään.",
            subject: "Koodi maksun vahvistamiseen",
            intro: "Vahvista maksu (saaja: {{PAYEE}}, summa: {{AMOUNT}}) tällä koodilla:",
            outro: "Koodi on voimassa {{MINUTES}} min ja käy vain tähän maksuun. Älä koskaan kerro sitä \
                    kenellekään. Jos et ole itse aloittanut tätä maksua, älä käytä koodia.",
        },
    },
    Ready {
        locale: "fr",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} est votre code, valable {{MINUTES}} min. Ne le communiquez à personne.",
            subject: "Votre code à usage unique",
            intro: "Voici votre code à usage unique\u{a0}:",
            outro: "Ce code est valable {{MINUTES}} min. Ne le communiquez jamais à personne. Si vous ne \
                    l’avez pas demandé, ignorez ce message.",
        },
        payment: Words {
            sms: "{{CODE}} est votre code pour payer {{AMOUNT}} à {{PAYEE}}, valable {{MINUTES}} min. Ne le \
                  communiquez à personne.",
            subject: "Code de confirmation de votre paiement",
            intro: "Pour confirmer le paiement de {{AMOUNT}} à {{PAYEE}}, utilisez ce code\u{a0}:",
            outro: "Ce code est valable {{MINUTES}} min et uniquement pour ce paiement. Ne le communiquez \
                    jamais à personne. Si vous n’êtes pas à l’origine de ce paiement, n’utilisez pas ce \
                    code.",
        },
    },
    Ready {
        locale: "he",
        aliases: &["iw"],
        right_to_left: true,
        any: Words {
            sms: "{{CODE}} הוא הקוד שלך, בתוקף ל־{{MINUTES}} דק׳. אין למסור אותו לאיש.",
            subject: "הקוד החד־פעמי שלך",
            intro: "הקוד החד־פעמי שלך:",
            outro: "הקוד תקף למשך {{MINUTES}} דק׳. אין למסור אותו לאיש. אם לא ביקשת אותו, אפשר להתעלם \
                    מהודעה זו.",
        },
        payment: Words {
            sms: "{{CODE}} הוא הקוד לתשלום של {{AMOUNT}} לטובת {{PAYEE}}, בתוקף ל־{{MINUTES}} דק׳. אין \
                  למסור אותו לאיש.",
            subject: "קוד לאישור התשלום שלך",
            intro: "לאישור התשלום בסך {{AMOUNT}} לטובת {{PAYEE}}, יש להשתמש בקוד הבא:",
            outro: "הקוד תקף למשך {{MINUTES}} דק׳ ולתשלום זה בלבד. אין למסור אותו לאיש. אם לא יזמת תשלום \
                    זה, אין להשתמש בקוד.",
        },
    },
    Ready {
        locale: "hi",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} आपका कोड है, {{MINUTES}} मिनट तक मान्य। इसे किसी को न बताएँ।",
            subject: "आपका वन-टाइम कोड",
            intro: "आपका वन-टाइम कोड यह है:",
            outro: "यह कोड {{MINUTES}} मिनट तक मान्य है। इसे कभी किसी को न बताएँ। अगर आपने यह कोड नहीं माँगा है, तो \
                    इस संदेश पर ध्यान न दें।",
        },
        payment: Words {
            sms: "{{CODE}} भुगतान का कोड है: {{PAYEE}} को {{AMOUNT}}, केवल {{MINUTES}} मिनट तक मान्य। इसे किसी \
                  को न बताएँ।",
            subject: "आपके भुगतान की पुष्टि के लिए कोड",
            intro: "{{PAYEE}} को {{AMOUNT}} के भुगतान की पुष्टि करने के लिए इस कोड का उपयोग करें:",
            outro: "यह कोड {{MINUTES}} मिनट तक और केवल इसी भुगतान के लिए मान्य है। इसे कभी किसी को न बताएँ। अगर यह \
                    भुगतान आपने शुरू नहीं किया है, तो इस कोड का उपयोग न करें।",
        },
    },
    // An SMS says `transakcija`: `plaćanje` and `Vaš` have letters that GSM-7 has not.
    Ready {
        locale: "hr",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} je jednokratni kod. Vrijedi {{MINUTES}} min. Nikome ga ne otkrivajte.",
            subject: "Vaš jednokratni kod",
            intro: "Vaš jednokratni kod je:",
            outro: "Kod vrijedi {{MINUTES}} min. Nikada ga nikome ne otkrivajte. Ako ga niste zatražili, \
                    zanemarite ovu poruku.",
        },
        payment: Words {
            sms: "{{CODE}} je kod za transakciju od {{AMOUNT}}, primatelj {{PAYEE}}, vrijedi {{MINUTES}} \
                  min. Nikome ga ne otkrivajte.",
            subject: "Kod za potvrdu plaćanja",
            intro: "Za potvrdu plaćanja {{AMOUNT}} (primatelj: {{PAYEE}}) upotrijebite ovaj kod:",
            outro: "Kod vrijedi {{MINUTES}} min i samo za ovo plaćanje. Nikada ga nikome ne otkrivajte. Ako \
                    niste pokrenuli ovo plaćanje, nemojte koristiti kod.",
        },
    },
    // An SMS says `jelszava`: `kódja` has a letter that GSM-7 has not.
    Ready {
        locale: "hu",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} az Ön egyszeri jelszava, {{MINUTES}} percig érvényes. Senkinek ne adja meg.",
            subject: "Az Ön egyszer használatos kódja",
            intro: "Az Ön egyszer használatos kódja:",
            outro: "A kód {{MINUTES}} percig érvényes. Soha senkinek ne adja meg. Ha nem Ön kérte, hagyja \
                    figyelmen kívül ezt az üzenetet.",
        },
        payment: Words {
            sms: "{{CODE}} az Ön jelszava {{AMOUNT}} fizetéséhez {{PAYEE}} részére, {{MINUTES}} percig \
                  érvényes. Senkinek ne adja meg.",
            subject: "Kód a fizetés jóváhagyásához",
            intro: "Ezzel a kóddal hagyhatja jóvá {{AMOUNT}} fizetését {{PAYEE}} részére:",
            outro: "A kód {{MINUTES}} percig és csak erre a fizetésre érvényes. Soha senkinek ne adja meg. \
                    Ha ezt a fizetést nem Ön kezdeményezte, ne használja a kódot.",
        },
    },
    Ready {
        locale: "id",
        aliases: &["in"],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} adalah kode Anda, berlaku {{MINUTES}} menit. Jangan beri tahu siapa pun.",
            subject: "Kode sekali pakai Anda",
            intro: "Berikut kode sekali pakai Anda:",
            outro: "Kode ini berlaku {{MINUTES}} menit. Jangan pernah membagikannya kepada siapa pun. Jika \
                    Anda tidak memintanya, abaikan pesan ini.",
        },
        payment: Words {
            sms: "{{CODE}} adalah kode untuk membayar {{AMOUNT}} ke {{PAYEE}}, berlaku {{MINUTES}} menit. \
                  Jangan beri tahu siapa pun.",
            subject: "Kode untuk mengonfirmasi pembayaran Anda",
            intro: "Untuk mengonfirmasi pembayaran {{AMOUNT}} kepada {{PAYEE}}, gunakan kode ini:",
            outro: "Kode ini berlaku {{MINUTES}} menit dan hanya untuk pembayaran ini. Jangan pernah \
                    membagikannya kepada siapa pun. Jika Anda tidak memulai pembayaran ini, jangan gunakan \
                    kode ini.",
        },
    },
    Ready {
        locale: "it",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} è il Suo codice, valido per {{MINUTES}} min. Non lo comunichi a nessuno.",
            subject: "Il Suo codice monouso",
            intro: "Ecco il Suo codice monouso:",
            outro: "Il codice è valido per {{MINUTES}} min. Non lo comunichi mai a nessuno. Se non lo ha \
                    richiesto, ignori questo messaggio.",
        },
        payment: Words {
            sms: "{{CODE}} è il Suo codice per pagare {{AMOUNT}} a {{PAYEE}}, valido per {{MINUTES}} min. \
                  Non lo comunichi a nessuno.",
            subject: "Codice per confermare il Suo pagamento",
            intro: "Per confermare il pagamento di {{AMOUNT}} a {{PAYEE}}, utilizzi questo codice:",
            outro: "Il codice è valido per {{MINUTES}} min e solo per questo pagamento. Non lo comunichi \
                    mai a nessuno. Se non ha avviato questo pagamento, non utilizzi il codice.",
        },
    },
    Ready {
        locale: "ja",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "認証コード：{{CODE}}（有効時間{{MINUTES}}分）。他人には絶対に教えないでください。",
            subject: "認証コードのお知らせ",
            intro: "認証コードは次のとおりです。",
            outro: "このコードの有効時間は{{MINUTES}}分です。他人には絶対に教えないでください。\
                    お心当たりがない場合は、このメールを無視してください。",
        },
        payment: Words {
            sms: "認証コード：{{CODE}}（支払先：{{PAYEE}}、金額：{{AMOUNT}}、有効時間{{MINUTES}}分）。\
                  他人には絶対に教えないでください。",
            subject: "お支払い承認用の認証コード",
            intro: "お支払い（支払先：{{PAYEE}}、金額：{{AMOUNT}}）を承認するには、\
                    次の認証コードをご利用ください。",
            outro: "このコードの有効時間は{{MINUTES}}分で、このお支払いにのみご利用いただけます。\
                    他人には絶対に教えないでください。お心当たりがない場合は、コードを使用しないでください。",
        },
    },
    Ready {
        locale: "ko",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "인증 코드 {{CODE}} (유효 시간 {{MINUTES}}분). 타인에게 절대 알려 주지 마세요.",
            subject: "인증 코드 안내",
            intro: "인증 코드는 다음과 같습니다.",
            outro: "이 코드는 {{MINUTES}}분간 유효합니다. 다른 사람에게 절대 알려 주지 마세요. 요청하신 \
                    적이 없다면 이 메일을 무시하셔도 됩니다.",
        },
        payment: Words {
            sms: "결제 인증 코드 {{CODE}} (받는 곳: {{PAYEE}}, 금액: {{AMOUNT}}, 유효 시간 {{MINUTES}}분). \
                  타인에게 절대 알려 주지 마세요.",
            subject: "결제 승인용 인증 코드",
            intro: "결제(받는 곳: {{PAYEE}}, 금액: {{AMOUNT}})를 승인하려면 다음 코드를 사용해 주세요.",
            outro: "이 코드는 {{MINUTES}}분간, 이 결제에만 유효합니다. 다른 사람에게 절대 알려 주지 마세요. \
                    본인이 시작한 결제가 아니라면 코드를 사용하지 마세요.",
        },
    },
    // The SMS for a payment without accents, as is customary; the other needs none.
    Ready {
        locale: "lt",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} yra vienkartinis kodas. Galioja {{MINUTES}} min. Niekam jo neatskleiskite.",
            subject: "Jūsų vienkartinis kodas",
            intro: "Jūsų vienkartinis kodas:",
            outro: "Kodas galioja {{MINUTES}} min. Niekada niekam jo neatskleiskite. Jei kodo neprašėte, \
                    nekreipkite dėmesio į šį laišką.",
        },
        payment: Words {
            sms: "{{CODE}} yra kodas mokejimui: gavejas {{PAYEE}}, suma {{AMOUNT}}. Galioja {{MINUTES}} \
                  min. Niekam jo neatskleiskite.",
            subject: "Mokėjimo patvirtinimo kodas",
            intro: "Mokėjimui patvirtinti (gavėjas: {{PAYEE}}, suma: {{AMOUNT}}) naudokite šį kodą:",
            outro: "Kodas galioja {{MINUTES}} min. ir tik šiam mokėjimui. Niekada niekam jo neatskleiskite. \
                    Jei šį mokėjimą atliekate ne Jūs, kodo nenaudokite.",
        },
    },
    // Without accents in an SMS, as is customary.
    Ready {
        locale: "lv",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} ir Jusu kods, derigs {{MINUTES}} min. Neizpaudiet to nevienam.",
            subject: "Jūsu vienreizējais kods",
            intro: "Jūsu vienreizējais kods:",
            outro: "Kods ir derīgs {{MINUTES}} min. Nekad neizpaudiet to nevienam. Ja kodu nepieprasījāt, \
                    ignorējiet šo ziņojumu.",
        },
        payment: Words {
            sms: "{{CODE}} ir kods maksajumam: sanemejs {{PAYEE}}, summa {{AMOUNT}}. Derigs {{MINUTES}} \
                  min. Neizpaudiet to nevienam.",
            subject: "Maksājuma apstiprināšanas kods",
            intro: "Lai apstiprinātu maksājumu (saņēmējs: {{PAYEE}}, summa: {{AMOUNT}}), izmantojiet šo \
                    kodu:",
            outro: "Kods ir derīgs {{MINUTES}} min. un tikai šim maksājumam. Nekad neizpaudiet to nevienam. \
                    Ja šo maksājumu neveicat Jūs, neizmantojiet kodu.",
        },
    },
    Ready {
        locale: "ms",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} ialah kod anda, sah selama {{MINUTES}} minit. Jangan kongsi dengan sesiapa.",
            subject: "Kod sekali guna anda",
            intro: "Berikut ialah kod sekali guna anda:",
            outro: "Kod ini sah selama {{MINUTES}} minit. Jangan sekali-kali berkongsi kod ini dengan \
                    sesiapa. Jika anda tidak memintanya, abaikan mesej ini.",
        },
        payment: Words {
            sms: "{{CODE}} ialah kod untuk membayar {{AMOUNT}} kepada {{PAYEE}}, sah {{MINUTES}} minit. \
                  Jangan kongsi dengan sesiapa.",
            subject: "Kod untuk mengesahkan pembayaran anda",
            intro: "Untuk mengesahkan pembayaran {{AMOUNT}} kepada {{PAYEE}}, gunakan kod ini:",
            outro: "Kod ini sah selama {{MINUTES}} minit dan untuk pembayaran ini sahaja. Jangan \
                    sekali-kali berkongsi kod ini dengan sesiapa. Jika anda tidak memulakan pembayaran ini, \
                    jangan gunakan kod ini.",
        },
    },
    Ready {
        locale: "nb",
        aliases: &["nn", "no"],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} er koden din, gyldig i {{MINUTES}} min. Del den aldri med noen.",
            subject: "Engangskoden din",
            intro: "Her er engangskoden din:",
            outro: "Koden er gyldig i {{MINUTES}} min. Del den aldri med noen. Hvis du ikke har bedt om \
                    koden, kan du se bort fra denne meldingen.",
        },
        payment: Words {
            sms: "{{CODE}} er koden din for å betale {{AMOUNT}} til {{PAYEE}}, gyldig i {{MINUTES}} min. \
                  Del den aldri med noen.",
            subject: "Kode for å bekrefte betalingen din",
            intro: "Bruk denne koden for å bekrefte betalingen på {{AMOUNT}} til {{PAYEE}}:",
            outro: "Koden er gyldig i {{MINUTES}} min og bare for denne betalingen. Del den aldri med noen. \
                    Hvis du ikke har startet denne betalingen, må du ikke bruke koden.",
        },
    },
    Ready {
        locale: "nl",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} is uw code, {{MINUTES}} min geldig. Deel deze code met niemand.",
            subject: "Uw eenmalige code",
            intro: "Dit is uw eenmalige code:",
            outro: "De code is {{MINUTES}} min geldig. Deel hem nooit met anderen. Hebt u geen code \
                    aangevraagd, negeer dan dit bericht.",
        },
        payment: Words {
            sms: "{{CODE}} is uw code om {{AMOUNT}} aan {{PAYEE}} te betalen, {{MINUTES}} min geldig. Deel \
                  deze code met niemand.",
            subject: "Code om uw betaling te bevestigen",
            intro: "Gebruik deze code om de betaling van {{AMOUNT}} aan {{PAYEE}} te bevestigen:",
            outro: "De code is {{MINUTES}} min geldig, en alleen voor deze betaling. Deel hem nooit met \
                    anderen. Hebt u deze betaling niet gestart, gebruik de code dan niet.",
        },
    },
    // An SMS says `transakcja` and `wygasa`: `płatność` and `ważny` have letters that GSM-7 has not.
    Ready {
        locale: "pl",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} to kod jednorazowy. Wygasa za {{MINUTES}} min. Nie podawaj go nikomu.",
            subject: "Twój kod jednorazowy",
            intro: "Oto Twój kod jednorazowy:",
            outro: "Kod jest ważny {{MINUTES}} min. Nigdy nikomu go nie podawaj. Jeśli nie został wysłany \
                    na Twoją prośbę, zignoruj tę wiadomość.",
        },
        payment: Words {
            sms: "{{CODE}} to kod do transakcji na {{AMOUNT}}, odbiorca {{PAYEE}}, wygasa za {{MINUTES}} \
                  min. Nie podawaj go nikomu.",
            subject: "Kod do potwierdzenia płatności",
            intro: "Aby potwierdzić płatność na kwotę {{AMOUNT}} (odbiorca: {{PAYEE}}), użyj tego kodu:",
            outro: "Kod jest ważny {{MINUTES}} min i tylko dla tej płatności. Nigdy nikomu go nie podawaj. \
                    Jeśli to nie Ty zlecasz tę płatność, nie używaj kodu.",
        },
    },
    // An SMS says `senha SMS`: `código` and `válido` have letters that GSM-7 has not.
    Ready {
        locale: "pt",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} é o seu SMS Token. Expira em {{MINUTES}} min. Nunca o partilhe com ninguém.",
            subject: "O seu código de utilização única",
            intro: "Este é o seu código de utilização única:",
            outro: "O código é válido durante {{MINUTES}} min. Nunca o partilhe com ninguém. Se não o \
                    pediu, ignore esta mensagem.",
        },
        payment: Words {
            sms: "{{CODE}} é o seu SMS Token para pagar {{AMOUNT}} a {{PAYEE}} e expira em {{MINUTES}} min. \
                  Nunca o partilhe.",
            subject: "Código para confirmar o seu pagamento",
            intro: "Para confirmar o pagamento de {{AMOUNT}} a {{PAYEE}}, utilize este código:",
            outro: "O código é válido durante {{MINUTES}} min e apenas para este pagamento. Nunca o \
                    partilhe com ninguém. Se não iniciou este pagamento, não utilize o código.",
        },
    },
    // An SMS says `token`, for the same reason; `senha` alone would be the password.
    Ready {
        locale: "pt-BR",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} é seu token. Expira em {{MINUTES}} min. Nunca o compartilhe com ninguém.",
            subject: "Seu código de uso único",
            intro: "Este é o seu código de uso único:",
            outro: "O código é válido por {{MINUTES}} min. Nunca o compartilhe com ninguém. Se você não o \
                    solicitou, ignore esta mensagem.",
        },
        payment: Words {
            sms: "{{CODE}} é seu token para pagar {{AMOUNT}} a {{PAYEE}} e expira em {{MINUTES}} min. Nunca \
                  o compartilhe.",
            subject: "Código para confirmar seu pagamento",
            intro: "Para confirmar o pagamento de {{AMOUNT}} a {{PAYEE}}, use este código:",
            outro: "O código é válido por {{MINUTES}} min e somente para este pagamento. Nunca o \
                    compartilhe com ninguém. Se você não iniciou este pagamento, não use o código.",
        },
    },
    // An SMS asks by `a nu se divulga`: the imperatives have letters that GSM-7 has not.
    Ready {
        locale: "ro",
        aliases: &["mo"],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} este codul dvs., valabil {{MINUTES}} min. A nu se divulga.",
            subject: "Codul dvs. de unică folosință",
            intro: "Acesta este codul dvs. de unică folosință:",
            outro: "Codul este valabil {{MINUTES}} min. Nu îl comunicați niciodată nimănui. Dacă nu l-ați \
                    solicitat, ignorați acest mesaj.",
        },
        payment: Words {
            sms: "{{CODE}} este codul dvs. pentru plata de {{AMOUNT}}, beneficiar {{PAYEE}}, valabil \
                  {{MINUTES}} min. A nu se divulga.",
            subject: "Cod pentru confirmarea plății",
            intro: "Pentru a confirma plata de {{AMOUNT}} către {{PAYEE}}, folosiți acest cod:",
            outro: "Codul este valabil {{MINUTES}} min și numai pentru această plată. Nu îl comunicați \
                    niciodată nimănui. Dacă nu ați inițiat această plată, nu folosiți codul.",
        },
    },
    Ready {
        locale: "ru",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} — ваш код, действует {{MINUTES}} мин. Никому не сообщайте.",
            subject: "Ваш одноразовый код",
            intro: "Ваш одноразовый код:",
            outro: "Код действует {{MINUTES}} мин. Никогда никому его не сообщайте. Если вы не запрашивали \
                    код, проигнорируйте это письмо.",
        },
        payment: Words {
            sms: "{{CODE}} — код для оплаты {{AMOUNT}}, получатель {{PAYEE}}, действует {{MINUTES}} мин. \
                  Никому не сообщайте.",
            subject: "Код для подтверждения платежа",
            intro: "Чтобы подтвердить платёж на сумму {{AMOUNT}} (получатель: {{PAYEE}}), используйте этот \
                    код:",
            outro: "Код действует {{MINUTES}} мин и только для этого платежа. Никогда никому его не \
                    сообщайте. Если этот платёж совершаете не вы, не используйте код.",
        },
    },
    // Without accents in an SMS, as is customary.
    Ready {
        locale: "sk",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} je Vas kod, plati {{MINUTES}} min. Nikomu ho neposkytujte.",
            subject: "Váš jednorazový kód",
            intro: "Váš jednorazový kód je:",
            outro: "Kód platí {{MINUTES}} min. Nikdy ho nikomu neposkytujte. Ak ste oň nežiadali, túto \
                    správu ignorujte.",
        },
        payment: Words {
            sms: "{{CODE}} je Vas kod k platbe {{AMOUNT}}, prijemca {{PAYEE}}, plati {{MINUTES}} min. \
                  Nikomu ho neposkytujte.",
            subject: "Kód na potvrdenie platby",
            intro: "Na potvrdenie platby {{AMOUNT}} (príjemca: {{PAYEE}}) použite tento kód:",
            outro: "Kód platí {{MINUTES}} min a iba pre túto platbu. Nikdy ho nikomu neposkytujte. Ak ste \
                    túto platbu nezadali, kód nepoužívajte.",
        },
    },
    // An SMS says `transakcija`: `plačilo` and `vaša` have letters that GSM-7 has not.
    Ready {
        locale: "sl",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} je enkratna koda. Velja {{MINUTES}} min. Nikomur je ne razkrijte.",
            subject: "Vaša enkratna koda",
            intro: "Vaša enkratna koda je:",
            outro: "Koda velja {{MINUTES}} min. Nikoli je nikomur ne razkrijte. Če je niste zahtevali, \
                    prezrite to sporočilo.",
        },
        payment: Words {
            sms: "{{CODE}} je koda za transakcijo {{AMOUNT}}, prejemnik {{PAYEE}}, velja {{MINUTES}} min. \
                  Nikomur je ne razkrijte.",
            subject: "Koda za potrditev plačila",
            intro: "Za potrditev plačila {{AMOUNT}} (prejemnik: {{PAYEE}}) uporabite to kodo:",
            outro: "Koda velja {{MINUTES}} min in samo za to plačilo. Nikoli je nikomur ne razkrijte. Če \
                    tega plačila niste začeli vi, kode ne uporabite.",
        },
    },
    Ready {
        locale: "sv",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} är din kod, giltig i {{MINUTES}} min. Dela den aldrig med någon.",
            subject: "Din engångskod",
            intro: "Här är din engångskod:",
            outro: "Koden är giltig i {{MINUTES}} min. Dela den aldrig med någon. Om du inte har begärt \
                    koden kan du bortse från det här meddelandet.",
        },
        payment: Words {
            sms: "{{CODE}} är din kod för att betala {{AMOUNT}} till {{PAYEE}}, giltig i {{MINUTES}} min. \
                  Dela den aldrig med någon.",
            subject: "Kod för att bekräfta din betalning",
            intro: "Använd den här koden för att bekräfta betalningen på {{AMOUNT}} till {{PAYEE}}:",
            outro: "Koden är giltig i {{MINUTES}} min och endast för den här betalningen. Dela den aldrig \
                    med någon. Om du inte har påbörjat betalningen ska du inte använda koden.",
        },
    },
    Ready {
        locale: "th",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} คือรหัสของคุณ ใช้ได้ {{MINUTES}} นาที ห้ามบอกผู้อื่น",
            subject: "รหัสใช้ครั้งเดียวของคุณ",
            intro: "รหัสใช้ครั้งเดียวของคุณคือ",
            outro: "รหัสนี้ใช้ได้ภายใน {{MINUTES}} นาที ห้ามบอกรหัสนี้แก่ผู้อื่น หากคุณไม่ได้ขอรหัสนี้ โปรดเพิกเฉยต่อข้อความนี้",
        },
        payment: Words {
            sms: "{{CODE}} คือรหัสชำระเงิน {{AMOUNT}} ให้ {{PAYEE}} ใช้ได้ {{MINUTES}} นาที ห้ามบอกผู้อื่น",
            subject: "รหัสยืนยันการชำระเงิน",
            intro: "หากต้องการยืนยันการชำระเงิน {{AMOUNT}} ให้ {{PAYEE}} โปรดใช้รหัสนี้",
            outro: "รหัสนี้ใช้ได้ภายใน {{MINUTES}} นาที และใช้ได้เฉพาะการชำระเงินนี้เท่านั้น ห้ามบอกรหัสนี้แก่ผู้อื่น \
                    หากคุณไม่ได้ทำรายการนี้ โปรดอย่าใช้รหัสนี้",
        },
    },
    // An SMS says `lehine` and `söylemeyin`: `alıcı` and `paylaşmayın` have letters that GSM-7 has not.
    Ready {
        locale: "tr",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} tek seferlik kodunuz. Süresi {{MINUTES}} dk. Kimseye söylemeyin.",
            subject: "Tek kullanımlık kodunuz",
            intro: "Tek kullanımlık kodunuz:",
            outro: "Kod {{MINUTES}} dk geçerlidir. Kodu hiç kimseyle paylaşmayın. Kodu siz istemediyseniz \
                    bu mesajı dikkate almayın.",
        },
        payment: Words {
            sms: "{{CODE}} ödeme kodunuz: {{PAYEE}} lehine {{AMOUNT}}. Süresi {{MINUTES}} dk. Kimseye \
                  söylemeyin.",
            subject: "Ödemenizi onaylama kodu",
            intro: "{{PAYEE}} adlı alıcıya {{AMOUNT}} tutarındaki ödemeyi onaylamak için bu kodu kullanın:",
            outro: "Kod {{MINUTES}} dk boyunca ve yalnızca bu ödeme için geçerlidir. Kodu hiç kimseyle \
                    paylaşmayın. Bu ödemeyi siz başlatmadıysanız kodu kullanmayın.",
        },
    },
    Ready {
        locale: "uk",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} — ваш код, діє {{MINUTES}} хв. Нікому не повідомляйте.",
            subject: "Ваш одноразовий код",
            intro: "Ваш одноразовий код:",
            outro: "Код діє {{MINUTES}} хв. Ніколи нікому його не повідомляйте. Якщо ви не запитували код, \
                    проігноруйте цей лист.",
        },
        payment: Words {
            sms: "{{CODE}} — код для оплати {{AMOUNT}}, отримувач {{PAYEE}}, діє {{MINUTES}} хв. Нікому не \
                  повідомляйте.",
            subject: "Код для підтвердження платежу",
            intro: "Щоб підтвердити платіж на суму {{AMOUNT}} (отримувач: {{PAYEE}}), використайте цей код:",
            outro: "Код діє {{MINUTES}} хв і лише для цього платежу. Ніколи нікому його не повідомляйте. \
                    Якщо цей платіж здійснюєте не ви, не використовуйте код.",
        },
    },
    // Without accents in an SMS, as is customary.
    Ready {
        locale: "vi",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "{{CODE}} la ma xac thuc cua ban, hieu luc {{MINUTES}} phut. Khong chia se voi ai.",
            subject: "Mã xác thực dùng một lần của bạn",
            intro: "Mã xác thực dùng một lần của bạn là:",
            outro: "Mã có hiệu lực trong {{MINUTES}} phút. Tuyệt đối không chia sẻ mã với bất kỳ ai. Nếu \
                    bạn không yêu cầu mã này, hãy bỏ qua thư này.",
        },
        payment: Words {
            sms: "{{CODE}} la ma xac thuc de thanh toan {{AMOUNT}} cho {{PAYEE}}, hieu luc {{MINUTES}} \
                  phut. Khong chia se voi ai.",
            subject: "Mã xác nhận thanh toán",
            intro: "Để xác nhận thanh toán {{AMOUNT}} cho {{PAYEE}}, hãy dùng mã sau:",
            outro: "Mã có hiệu lực trong {{MINUTES}} phút và chỉ dùng cho giao dịch này. Tuyệt đối không \
                    chia sẻ mã với bất kỳ ai. Nếu bạn không thực hiện giao dịch này, đừng sử dụng mã.",
        },
    },
    Ready {
        locale: "zh",
        aliases: &[],
        right_to_left: false,
        any: Words {
            sms: "验证码：{{CODE}}，有效期{{MINUTES}}分钟，切勿告知他人。",
            subject: "您的验证码",
            intro: "您的验证码是：",
            outro: "验证码有效期为{{MINUTES}}分钟，切勿告知他人。如非您本人操作，请忽略本邮件。",
        },
        payment: Words {
            sms: "验证码：{{CODE}}，用于向{{PAYEE}}付款{{AMOUNT}}，有效期{{MINUTES}}分钟，切勿告知他人。",
            subject: "付款确认验证码",
            intro: "您正在向{{PAYEE}}付款{{AMOUNT}}，请使用以下验证码确认：",
            outro: "验证码有效期为{{MINUTES}}分钟，且仅用于本次付款，切勿告知他人。如非您本人操作，\
                    请勿使用此验证码。",
        },
    },
    Ready {
        locale: "zh-Hant",
        aliases: &["yue", "zh-HK", "zh-MO", "zh-TW"],
        right_to_left: false,
        any: Words {
            sms: "驗證碼：{{CODE}}，有效時間{{MINUTES}}分鐘，切勿告知他人。",
            subject: "您的驗證碼",
            intro: "您的驗證碼為：",
            outro: "驗證碼的有效時間為{{MINUTES}}分鐘，切勿告知他人。若非您本人操作，請忽略此郵件。",
        },
        payment: Words {
            sms: "驗證碼：{{CODE}}，用於向{{PAYEE}}付款{{AMOUNT}}，有效時間{{MINUTES}}分鐘，切勿告知他人。",
            subject: "付款確認驗證碼",
            intro: "您正在向{{PAYEE}}付款{{AMOUNT}}，請使用以下驗證碼確認：",
            outro: "驗證碼的有效時間為{{MINUTES}}分鐘，且僅用於本次付款，切勿告知他人。若非您本人操作，\
                    請勿使用此驗證碼。",
        },
    },
];
